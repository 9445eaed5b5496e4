#!/bin/sh
# Builds src/vqr/coder.wasm from src/vqr/assembly with AssemblyScript and records the hash of its sources.
# With --check it only compares: exit code 1 if the file in the tree is not what the sources build.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-fund --no-audit --prefix "$work" assemblyscript@0.28.20
"$work/node_modules/.bin/asc" src/vqr/assembly/coder.ts -o "$work/coder.wasm" -Ospeed --noAssert \
  --enable simd --enable bulk-memory --runtime stub
if [ "${1:-}" = --check ]; then
  cmp "$work/coder.wasm" src/vqr/coder.wasm
else
  cp "$work/coder.wasm" src/vqr/coder.wasm
  cat src/vqr/assembly/*.ts src/vqr/coder.wasm | sha256sum | cut -d ' ' -f 1 >src/vqr/assembly/SHA256
fi
