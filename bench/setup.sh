#!/bin/sh
# Installs what the benchmarks of supervision and of the library compare with, and what draws their chart:
# `bench/setup.sh`, as root, on Debian.
#
# The bench itself installs nothing: it takes what it finds on the PATH, and packages from the folder below. No service of these
# packages is started: policy-rc.d forbids it while they are installed.
set -eu

# Read by lib/tools.mjs too.
folder=${PROCCTL_BENCH_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/procctl-bench}
policy=/usr/sbin/policy-rc.d

# One that is there already belongs to somebody else; it has to forbid starts as well.
if [ -e "$policy" ]; then
  status=0
  "$policy" bench start >/dev/null 2>&1 || status=$?
  [ "$status" -eq 101 ] || { echo "bench/setup.sh: $policy lets services start" >&2; exit 1; }
else
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends supervisor runit s6 parallel xjobs moreutils task-spooler redis-server hyperfine

# Outside package.json: these are no part of procctl, and bring dozens of packages.
mkdir -p "$folder"
[ -e "$folder/package.json" ] || echo '{ "private": true }' >"$folder/package.json"
npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts \
  pm2@7.0.4 piscina@5.3.2 tinypool@2.2.0 workerpool@10.0.3 jest-worker@30.5.1 nano-spawn@2.1.0 echarts@6.1.0
