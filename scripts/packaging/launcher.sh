#!/bin/sh
# Starts Tidings with the Node of this machine.
set -eu

needed=@OLDEST_NODE@
refuse() {
  echo "tidings: needs Node.js $needed or newer, and $1 (on FreeBSD: pkg install node)" >&2
  exit 69
}

command -v node >/dev/null || refuse 'there is no node in PATH'
found=$(node --version) || refuse 'the node in PATH does not run'
numbers=${found#v}
major=${numbers%%.*}
rest=${numbers#*.}
minor=${rest%%.*}
if [ "$major" -lt "${needed%.*}" ] || { [ "$major" -eq "${needed%.*}" ] && [ "$minor" -lt "${needed#*.}" ]; }; then
  refuse "this is $found"
fi

# Through a link, too: /usr/local/bin/tidings may point here.
exec node "$(dirname "$(realpath "$0")")/tidings.cjs" "$@"
