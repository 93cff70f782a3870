postgresql_client_is_there() {
  compgen -G '/usr/lib/postgresql/*/bin/pg_dump' >/dev/null || compgen -G '.parts/postgresql/*/bin/pg_dump' >/dev/null ||
    pg_dump --version >/dev/null 2>&1
}

# Without root, a client that needs no installation does as well.
install_postgresql_client() { install_from_debian postgresql-client || install_newer_client 17 trixie; }
