# Prometheus' checker of rules, unpacked into .parts/bin: installing its package would start a server. Debian 12's runs on newer ones too.

promtool_is_there() { [[ -x .parts/bin/promtool ]]; }

install_promtool() {
  local partial=.parts/promtool.partial
  rm -rf "$partial"
  mkdir -p "$partial"/{debs,root} .parts/bin
  download_from_debian bookworm "$partial/debs" prometheus/bookworm
  dpkg-deb --extract "$partial"/debs/*.deb "$partial/root"
  "$partial/root/usr/bin/promtool" --version
  mv "$partial/root/usr/bin/promtool" .parts/bin/promtool
  rm -rf "$partial"
}
