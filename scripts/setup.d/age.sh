age_is_there() { type -P age >/dev/null; }

install_age() { install_from_debian age; }
