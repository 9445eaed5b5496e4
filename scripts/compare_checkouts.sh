#!/usr/bin/env bash
# Shows that two checkouts behave alike: scripts/compare_checkouts.sh BEFORE AFTER
#
# Compares every dispatch of both models' training plans, `bench --plan`, the golden values, the bytes of the weights
# that `demo` trains, and the help texts. Prints a line for each, with the number of things compared, and ends with 1
# where anything but a help text differs (help texts may change their wording; the difference is printed).
# Takes about ten minutes on two cores, most of them for the two demos.
set -euo pipefail

before=$(cd "$1" && pwd) after=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

same() { # NAME UNIT FILE: the file in both folders, and its lines as the number of things
  if cmp -s "$work/before/$3" "$work/after/$3"; then
    echo "same       $1: $(wc -l <"$work/after/$3") $2"
  else
    echo "DIFFERENT  $1: $(diff "$work/before/$3" "$work/after/$3" | grep -c '^[<>]') lines"
    failed=1
  fi
}

for side in before after; do
  root=${!side} out=$work/$side
  mkdir -p "$out"
  (
    cd "$root"
    ./vqray check >/dev/null 2>&1 || true # gets Deno and the packages where they are missing
    deno=$PWD/.deno/bin/deno
    [ -x "$deno" ] || deno=$(command -v deno)
    DENO_DIR=${DENO_DIR:-$PWD/.deno/cache} "$deno" run --no-prompt --allow-read --config deno.json \
      "$here/list_plans.ts" . >"$out/dispatches"
    for model in "vqvae 32,64,256" "densenet 32,64,224"; do
      read -r name sizes <<<"$model"
      for precision in f32 f16; do
        ./vqray bench --model "$name" --sizes "$sizes" --batches 8 --precision $precision --plan
      done
    done >"$out/plans" 2>/dev/null
    # Only what there was before: new golden files are no difference.
    (cd test/golden && sha256sum $(cd "$before/test/golden" && ls ./*.gz ./*.json ./*.pt ./*.pth)) >"$out/goldens" 2>&1 || true
    for task in train:vqvae train:densenet hdf5:create hdf5:encode evaluate images demo demo:classify bench bench:data bench:versus; do
      echo "# $task"
      ./vqray $task --help
    done >"$out/help" 2>/dev/null
    ./vqray demo --save_path "$out/demo" >/dev/null 2>&1
    (cd "$out/demo/checkpoint" && sha256sum -- *) >"$out/weights"
  )
done

same "training plans, every dispatch on three kinds of adapter" "lines" dispatches
same "bench --plan, both models, three sizes, f32 and f16" "lines" plans
same "golden files" "files" goldens
same "weights and optimizer state of demo" "files" weights
if cmp -s "$work/before/help" "$work/after/help"; then
  echo "same       help texts"
else
  echo "reworded   help texts:"
  diff -U0 "$work/before/help" "$work/after/help" | grep -E '^[-+][^-+]' || true
fi
exit $failed
