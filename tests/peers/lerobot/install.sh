#!/usr/bin/env bash
# Installs the Python package `lerobot` for check.py into a virtual environment of its own.
# Usage: install.sh [FOLDER]   (default: ~/.cache/foresight-peers/lerobot)
# Prints the path of the environment's Python. Does nothing when the environment is complete.
# Measured on two cores and a fast line: two minutes, 4.9 GB on Linux x86-64.
#
# Only what opening a dataset needs: lerobot and torch come without their dependencies, the
# import of LeRobotDataset says which of those remain. The torch of PyPI for Linux on x86-64 is
# built for CUDA and does not load without the libraries named below, even on a machine that has
# no GPU; on the other platforms it needs none of them.
set -euo pipefail

folder="${1:-$HOME/.cache/foresight-peers/lerobot}"
python="$folder/bin/python"
complete="$folder/.complete"

packages=(lerobot==0.4.4 torch==2.6.0 torchvision==0.21.0)
if [[ "$(uname -sm)" == "Linux x86_64" ]]; then
  packages+=(
    nvidia-cublas-cu12==12.4.5.8 nvidia-cuda-cupti-cu12==12.4.127
    nvidia-cuda-runtime-cu12==12.4.127 nvidia-cudnn-cu12==9.1.0.70 nvidia-cufft-cu12==11.2.1.3
    nvidia-curand-cu12==10.3.5.147 nvidia-cusparse-cu12==12.3.1.170
    nvidia-cusparselt-cu12==0.6.2 nvidia-nccl-cu12==2.21.5 nvidia-nvjitlink-cu12==12.4.127
  )
fi
packages+=(accelerate==1.10.1 draccus==0.10.0)
dependencies=(
  'av>=15,<16' 'datasets>=4,<5' 'huggingface-hub>=0.34.2,<0.36' jinja2 mergedeep networkx
  'numpy>=2,<2.3' 'packaging<26' pandas pillow psutil pyarrow pyyaml pyyaml-include==1.4.1
  safetensors sympy==1.13.1 toml typing-inspect
)
wanted="${packages[*]} ${dependencies[*]}"

if [[ ! -f "$complete" || "$(<"$complete")" != "$wanted" ]]; then
  [[ -x "$python" ]] || "${PYTHON:-python3}" -m venv "$folder"
  {
    "$python" -m pip install --quiet "${dependencies[@]}"
    "$python" -m pip install --quiet --no-deps "${packages[@]}"
    "$python" -c 'from lerobot.datasets.lerobot_dataset import LeRobotDataset'
  } >&2
  printf '%s' "$wanted" >"$complete"
fi
echo "$python"
