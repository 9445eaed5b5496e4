#!/usr/bin/env bash
# Measures a GPU for RESULTS.md, the most important parts first: the tests of the kernels, the GPU's ceilings and the
# convolutions compared with them, whole steps in turns with PyTorch on the same GPU, and the GPU's idle share.
#
#   bench/card.sh FOLDER                          writes a text file for each part to FOLDER
#   VQRAY='deno task' bench/card.sh FOLDER        without network, but with Deno and its packages in the cache
#   PYTHON=python3.12 bench/card.sh FOLDER        with another Python that has PyTorch with CUDA
#
# FOLDER needs 4 GB of disk. A part that fails does not stop the others; failures are listed at the end. Each part may
# take TIMEOUT seconds (600 by default).
set -uo pipefail
(($# == 1)) || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
mkdir -p "$1" || exit
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.." || exit
read -ra vqray <<<"${VQRAY:-./vqray}"
python=${PYTHON:-python3}
failed=()

part() {
  local name=$1
  shift
  echo "== $name: $*" | tee "$folder/$name.txt"
  timeout "${TIMEOUT:-600}" "$@" 2>&1 | tee -a "$folder/$name.txt"
  local code=${PIPESTATUS[0]}
  ((code == 0)) || failed+=("$name (exit code $code)")
}

versus() { # NAME MODEL SIDE BATCH PRECISION [arguments of pytorch.py]
  local name=$1 model=$2 side=$3 batch=$4 precision=$5
  shift 5
  part "$name" "${vqray[@]}" bench:versus --model "$model" --size "$side" --batch "$batch" --precision "$precision" --steps 30 \
    --rounds 3 --versus "$python bench/pytorch.py $model $side $batch --device cuda --steps 20 $*"
}

part kernels "${vqray[@]}" test test/ops test/gpu test/plan test/tune test/models
part ceilings "${vqray[@]}" bench --filter ceiling --json "$folder/ceilings.json"
versus codec vqvae 256 32 f32
versus densenet densenet 224 32 f32
versus codec_f16 vqvae 256 32 f16 --tf32
versus densenet_f16 densenet 224 32 f16 --tf32
# The idle share, in training on 256×256 images from a file: the brain slices in data/, enlarged.
brain=(--data_path data --dataset brain --view all --size 64)
part first "${vqray[@]}" train:vqvae "${brain[@]}" --batch_size 32 --n_epochs 2 --save_path "$folder/first"
part pictures "${vqray[@]}" images --vqvae_file "$folder/first/checkpoint/vqvae_002.safetensors" "${brain[@]}" --split train --count 580 \
  --save_path "$folder/pictures"
part file "${vqray[@]}" hdf5:create --data_path "$folder/pictures" --size 256 --split 1 --dataset enlarged --save_path "$folder/data"
part idle "${vqray[@]}" train:vqvae --data_path "$folder/data/enlarged_train_256_orig.hdf5" --batch_size 32 --n_epochs 3 --sample_every 10 \
  --profile --save_path "$folder/run"
part codec_kernels "${vqray[@]}" bench --sizes 256 --batches 32 --filter kernel --json "$folder/codec_kernels.json"
part densenet_kernels "${vqray[@]}" bench --model densenet --sizes 224 --batches 32 --filter kernel --json "$folder/densenet_kernels.json"

((${#failed[@]} == 0)) || { printf 'failed: %s\n' "${failed[@]}"; exit 1; }
