# The one client that writes archives of version 1.15. No Debian in reach has it; a package of Python's carries it, without TLS and zstd.

postgresql_client_16_is_there() { [[ -x .parts/postgresql/16/bin/pg_dump ]]; }

install_postgresql_client_16() {
  local target=.parts/postgresql/16 partial=.parts/postgresql/16.partial
  rm -rf "$partial"
  mkdir -p "$partial/wheel"
  # Any Python's pip takes it: nothing of it is run by Python.
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform manylinux2014_x86_64 --python-version 3.11 --abi cp311 \
    --require-hashes --requirement test/postgres-client-16.txt --dest "$partial"
  python3 -m zipfile --extract "$partial"/*.whl "$partial/wheel"
  # They find their libraries by a path from where they stand.
  mkdir -p "$partial/pgserver"
  mv "$partial/wheel/pgserver/pginstall" "$partial/pgserver/pginstall"
  mv "$partial/wheel/pgserver.libs" "$partial/pgserver.libs"
  rm -rf "$partial/wheel" "$partial"/*.whl
  mkdir "$partial/bin"
  local program
  for program in pg_dump pg_dumpall pg_restore psql createdb; do
    chmod +x "$partial/pgserver/pginstall/bin/$program"
    ln -s "../pgserver/pginstall/bin/$program" "$partial/bin/$program"
  done
  # pg_dumpall looks for a pg_dump of its own version beside itself.
  "$partial/bin/pg_dumpall" --version
  "$partial/bin/psql" --version
  rm -rf "$target"
  mv "$partial" "$target"
}
