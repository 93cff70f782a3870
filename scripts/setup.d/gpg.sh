gpg_is_there() { type -P gpg >/dev/null && type -P gpg-agent >/dev/null && type -P gpgconf >/dev/null; }

install_gpg() { install_from_debian gpg gpg-agent; }
