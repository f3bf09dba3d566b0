#!/bin/sh
# ./build.sh linux|darwin|windows|freebsd [x64|arm64]: what to hand to somebody who has no npm, in dist-bin/.
set -eu

for program in node npm; do
  command -v "$program" >/dev/null && continue
  echo "build.sh: needs $program, which is not in PATH (Node.js 20.19 or newer, from https://nodejs.org)" >&2
  exit 69
done
exec node "$(dirname "$0")/scripts/packaging/build.mjs" "$@"
