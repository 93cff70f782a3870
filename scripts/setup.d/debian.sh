# Installs Debian packages, which needs root or a sudo that asks nothing.
install_from_debian() {
  local root=()
  if [[ $EUID != 0 ]]; then
    if ! sudo -n true 2>/dev/null; then
      echo "Debian packages need root, and sudo would ask for a password: $*"
      return 1
    fi
    root=(sudo -n)
  fi
  local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -y)
  # The package lists may be absent or out of date.
  "${apt[@]}" install --no-install-recommends "$@" || {
    "${apt[@]}" update
    "${apt[@]}" install --no-install-recommends "$@"
  }
}
