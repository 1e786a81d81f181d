#!/usr/bin/env bash
# Makes the fonts beside this file from those of Debian 12. Needed only when letters are added: put them into han.txt or hangul.txt first.
#   apt-get install -y --no-install-recommends fonttools fonts-noto-core fonts-noto-cjk && internal/platform/typeset/font/subset.sh
set -euo pipefail
cd "$(dirname "$0")"
noto=/usr/share/fonts/truetype/noto cjk=/usr/share/fonts/opentype/noto
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

# part FILE OUT FEATURES OPTIONS...: without hints, which no poster uses, and with the notice of the license
part() {
  pyftsubset "$1" --output-file="$work/$2" --layout-features="$3" --no-hinting --desubroutinize --name-IDs=0,1,2,13,14 --notdef-outline "${@:4}"
  python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress(open(sys.argv[1], "rb").read(), 9))' "$work/$2" > "$2.z"
}

for w in Regular Bold; do
  # Latin with all accents that languages of the world write, Vietnamese too; punctuation
  part $noto/NotoSans-$w.ttf NotoSans-$w kern,mark,mkmk,ccmp,locl \
    --unicodes=U+20-7E,U+A0-24F,U+2B0-2FF,U+300-36F,U+1E00-1EFF,U+2010-2027,U+2030-203A,U+20AC,U+2116,U+2122,U+2190-2193,U+2212
  part $noto/NotoSansArabic-$w.ttf NotoSansArabic-$w '*' --unicodes=U+20,U+2E,U+AB,U+BB,U+60C,U+61B,U+61F-65F,U+660-66D,U+670-6D5,U+6F0-6F9,U+200C-200D,U+2010-2011
  part $noto/NotoSansDevanagari-$w.ttf NotoSansDevanagari-$w '*' --unicodes=U+20,U+900-97F,U+200C-200D,U+25CC
  part $cjk/NotoSansCJK-$w.ttc NotoSansCJKsc-$w '' --font-number=2 --text-file=han.txt --unicodes=U+2014,U+2018-201D,U+2026,U+3000-3002,U+3008-3011,U+FF01,U+FF08-FF09,U+FF0C,U+FF1A-FF1B,U+FF1F
  part $cjk/NotoSansCJK-$w.ttc NotoSansCJKkr-$w '' --font-number=1 --text-file=hangul.txt
done
ls -l ./*.z
