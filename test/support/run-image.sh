#!/usr/bin/env bash
# Runs an image of an OCI layout as a strict platform would, without a container engine: read-only root, /tmp in memory,
# the image's user, no capabilities, no way to gain any. It shares the machine's network: have it listen on loopback.
# SIGTERM and SIGINT reach the program; its exit code becomes this script's.
# USER_ID=n, besides being set inside, runs the program as that user, as platforms may. NO_TMP=1 leaves it no /tmp, so that
# there is no place to write to.
# usage: run-image.sh LAYOUT:TAG [NAME=VALUE]... [-- ARGUMENT...]      needs umoci, runc and root
set -euo pipefail

image=$1
shift
node=$(dirname "$0")/../../node_modules/.bin/node
folder=$(mktemp -d)
id=slipway-$$
runc() { command runc --root "$folder/state" "$@"; }
clean_up() {
  runc delete --force "$id" >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap clean_up EXIT

umoci unpack --image "$image" "$folder/bundle" >/dev/null 2>"$folder/unpack.log" || { cat "$folder/unpack.log" >&2; exit 125; }
"$node" - "$folder/bundle/config.json" "$@" <<'PATCH'
const fs = require('node:fs')
const [file, ...words] = process.argv.slice(2)
const end = words.includes('--') ? words.indexOf('--') : words.length
const config = JSON.parse(fs.readFileSync(file, 'utf8'))
config.root.readonly = true
Object.assign(config.process, { terminal: false, rlimits: [], noNewPrivileges: true })
config.process.capabilities = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] }
config.process.env.push(...words.slice(0, end))
const id = words.slice(0, end).find((word) => word.startsWith('USER_ID='))
if (id) config.process.user = { uid: Number(id.slice('USER_ID='.length)), gid: 0 }
// The first two words are the image's entry point, as its tests say.
if (end < words.length) config.process.args.splice(2, Infinity, ...words.slice(end + 1))
config.linux.resources = {}
config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network')
config.mounts = config.mounts.filter(({ type }) => !type.startsWith('cgroup') && type !== 'sysfs')
const options = ['nosuid', 'nodev', 'mode=1777', 'size=256m']
if (!words.slice(0, end).includes('NO_TMP=1'))
  config.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options })
fs.writeFileSync(file, JSON.stringify(config))
PATCH

runc run --bundle "$folder/bundle" "$id" &
runner=$!
trap 'runc kill "$id" TERM 2>/dev/null || true' TERM INT
# A trapped signal ends `wait` early, so ask until the program is gone.
code=0
while kill -0 "$runner" 2>/dev/null; do
  code=0
  wait "$runner" || code=$?
done
exit "$code"
