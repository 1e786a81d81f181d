#!/usr/bin/env bash
# Draws the pictures of the posters: usage docs/pictures/posters.sh WAYLIGHT. Needs pdftoppm (poppler-utils).
set -euo pipefail
waylight=$(realpath "$1"); cd "$(dirname "$0")"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$waylight" poster --place JAN --language en,es,zh-Hans,ar,hi,vi,ko --out "$work/all.pdf" 2>/dev/null
"$waylight" poster --place JAN --language en,es,zh-Hans,ar,hi,vi,ko --each --out "$work/each.pdf" 2>/dev/null
pdftoppm -r 72 -png -singlefile "$work/all.pdf" poster-seven-languages
page=0
for lang in en es zh-Hans ar hi vi ko; do
  page=$((page + 1))
  pdftoppm -r 45 -png -singlefile -f $page "$work/each.pdf" "poster-$lang"
done
