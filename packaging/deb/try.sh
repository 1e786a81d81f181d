#!/bin/bash
# Installs, upgrades, removes and purges a package with this machine's own dpkg, over a copy of the machine that is thrown away:
#
#   sudo packaging/deb/try.sh dist/waylight_amd64.deb
#
# What dpkg writes stays in memory, in a mount that nobody else sees and that ends with this script. There is no systemd in it.
set -eu -o pipefail
package=$1
if [ "$(id -u)" -ne 0 ] || ! command -v dpkg >/dev/null || ! command -v unshare >/dev/null; then echo "try.sh needs root, dpkg and unshare" >&2; exit 1; fi
if [ "${2:-}" != inside ]; then exec unshare --mount --propagation private "$0" "$package" inside; fi

room=$(mktemp -d)
trap 'umount -R "$room"; rmdir "$room"' EXIT
mount -t tmpfs none "$room"
mkdir "$room"/{written,work,machine}
mount -t overlay overlay -o "lowerdir=/,upperdir=$room/written,workdir=$room/work" "$room/machine"
mount -t tmpfs none "$room/machine/run"
mount -t proc proc "$room/machine/proc"
mount --bind /dev "$room/machine/dev"
cp "$package" "$room/machine/run/waylight.deb"

within() { chroot "$room/machine" "$@"; }
want() { # what is to be so, then how it is seen
  if ! within sh -c "$2"; then echo "not so: $1" >&2; exit 1; fi
}

within dpkg --purge waylight 2>/dev/null
within dpkg --install /run/waylight.deb
want 'it is installed' '[ "$(dpkg-query -W -f "\${Status}" waylight)" = "install ok installed" ] && dpkg --verify waylight'
want 'the program runs' 'waylight version >/dev/null'
want 'its user has no shell' 'getent passwd waylight | grep -q ":/var/lib/waylight:/usr/sbin/nologin$"'
want 'only root reads the password' '[ "$(stat -c %U:%a /etc/waylight/mail-password)" = root:600 ] && ! runuser -u waylight -- cat /etc/waylight/mail-password 2>/dev/null'

want 'somebody sets it up' 'echo WAYLIGHT_SERVE=--drain=1s > /etc/waylight/waylight.conf; echo secret > /etc/waylight/mail-password; mkdir -p /var/lib/waylight; echo report > /var/lib/waylight/kept'
kept='[ "$(cat /etc/waylight/waylight.conf /etc/waylight/mail-password | tr "\n" " ")" = "WAYLIGHT_SERVE=--drain=1s secret " ] && grep -q report /var/lib/waylight/kept'
within dpkg --install /run/waylight.deb
want 'an upgrade keeps settings and reports' "$kept"
within dpkg --remove waylight
want 'the program is gone' '[ ! -e /usr/bin/waylight ] && [ ! -e /usr/lib/systemd/system/waylight.service ]'
want 'removing keeps settings and reports' "$kept"
within dpkg --install /run/waylight.deb
want 'it is back with its settings' "waylight version >/dev/null && $kept"
within dpkg --purge waylight
want 'purging takes settings and password' '[ ! -e /etc/waylight ] && [ ! -e /usr/share/doc/waylight ] && ! dpkg-query -W waylight 2>/dev/null'
want 'purging keeps the reports and their user' 'grep -q report /var/lib/waylight/kept && getent passwd waylight >/dev/null'
want 'dpkg has nothing to say' '[ -z "$(dpkg --audit)" ]'
echo 'Installed, upgraded, removed, installed again and purged.'
