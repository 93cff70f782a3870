# shellcheck shell=bash
# A Docker engine to test with: the one that answers, or else one of our own that leaves with us.
# Sourced by ./run, which sets $parts (a folder that is kept between runs) and $work (one that is not).
: "${parts:?}" "${work:?}"

# Our own engine comes as extracted packages of this Debian suite, because the client, the builder and
# the engine of the stable one are too old for each other. runc and iptables are the machine's own.
engine_suite=sid
engine_packages=(docker.io docker-cli containerd docker-buildx docker-compose)
engine_pid=

engine_start() {
  if docker info >/dev/null 2>&1; then
    echo "engine: the one that answers, $(docker version --format '{{.Server.Version}}')"
    return
  fi
  [ "$(id -u)" = 0 ] || skip 'no Docker engine answers, and only root can start one'
  engine_lock
  engine_install_host_tools runc iptables debootstrap
  [ -x "$parts/root/usr/sbin/dockerd" ] || engine_unpack
  engine_run
  echo "engine: our own, $(docker version --format '{{.Server.Version}}')"
}

engine_is_ours() { [ -n "$engine_pid" ]; }

engine_stop() {
  engine_is_ours || return 0
  kill "$engine_pid" 2>/dev/null
  wait "$engine_pid" 2>/dev/null
  engine_pid=
}

# Two engines on one machine would rewrite each other's firewall rules.
engine_lock() {
  exec 9>/run/lock/pg-backup-test-engine
  flock --nonblock 9 || { echo 'engine: waiting for the test engine of another run'; flock 9; }
}

engine_install_host_tools() {
  local package missing=()
  for package; do
    dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  echo "engine: installing ${missing[*]} (a Docker engine and base images need them)"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
}

# The mirror that this machine already gets its packages from.
debian_mirror() {
  # shellcheck disable=SC2016 # apt-get fills it in
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep --max-count 1 '/debian/$' ||
    die 'apt knows no Debian mirror: start a Docker engine that can pull images'
}

# apt with a state of its own, so that the machine's package lists never hear of the other suite.
engine_apt() {
  local state=$work/apt
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  echo "deb $(debian_mirror) $engine_suite main" >"$state/sources.list"
  apt-get -qq -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State="$state" -o Dir::Cache="$state/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none \
    -o Acquire::Check-Valid-Until=false "$@"
}

engine_unpack() {
  echo "engine: unpacking ${engine_packages[*]} of Debian $engine_suite"
  engine_apt update
  mkdir -p "$work/debs"
  (cd "$work/debs" && engine_apt download "${engine_packages[@]}")
  rm -rf "$parts/root.partial"
  for deb in "$work"/debs/*.deb; do dpkg-deb --extract "$deb" "$parts/root.partial"; done
  mv "$parts/root.partial" "$parts/root"
}

engine_run() {
  export DOCKER_HOST="unix://$work/docker.sock" DOCKER_CONFIG="$work/config"
  export PATH="$parts/root/usr/bin:$parts/root/usr/sbin:$PATH"
  mkdir -p "$DOCKER_CONFIG"
  ln -s "$parts/root/usr/libexec/docker/cli-plugins" "$DOCKER_CONFIG/cli-plugins"
  # A session of its own: Ctrl-C must reach our clean-up first. The death signal: it never outlives us.
  setsid setpriv --pdeathsig TERM dockerd --host "$DOCKER_HOST" --data-root "$parts/data" --exec-root "$work/exec" \
    --pidfile "$work/docker.pid" --bridge none >"$work/dockerd.log" 2>&1 9>&- &
  engine_pid=$!
  local attempts=300
  until docker info >/dev/null 2>&1; do
    if ! kill -0 "$engine_pid" 2>/dev/null || [ $((attempts -= 1)) = 0 ]; then
      tail -n 20 "$work/dockerd.log" >&2
      die 'the Docker engine does not start'
    fi
    sleep 0.1
  done
}
