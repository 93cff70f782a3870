# The demo needs one server, a dependency of test/postgres-servers; the tests need one of each major.

postgres_server_15_is_there() { servers_are_there postgres-15; }
install_postgres_server_15() { install_servers --omit=dev; }

postgres_servers_is_there() { servers_are_there postgres-{14..18}; }
install_postgres_servers() { install_servers --include=dev; }

servers_are_there() {
  local modules=test/postgres-servers/node_modules name
  [[ $modules/.symlinks-made -nt test/postgres-servers/package-lock.json ]] || return 1
  for name in "$@"; do
    [[ -x $modules/$name/native/bin/postgres ]] || return 1
  done
}

install_servers() {
  local modules=test/postgres-servers/node_modules package
  npm ci --prefix test/postgres-servers "$1" --ignore-scripts --no-audit --no-fund
  # npm packages cannot hold symlinks. Their install script makes them, which not every npm runs.
  for package in "$modules"/postgres-*; do
    (cd "$package" && node scripts/hydrate-symlinks.js)
  done
  touch "$modules/.symlinks-made"
}
