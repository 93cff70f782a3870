# kubectl, which renders manifests, and the description of Kubernetes' API that they are checked against, in .parts/kubernetes. Neither needs
# a cluster. Debian 13's kubectl runs on Debian 12 too; the description is a file of the Go module, which Go compares with its checksum.

kubectl_is_there() { [[ -x .parts/kubernetes/bin/kubectl && -f .parts/kubernetes/swagger.json ]]; }

install_kubectl() {
  local partial=$PWD/.parts/kubernetes.partial version=v1.34.2
  PATH=$PATH:/usr/local/go/bin:$(compgen -G '/usr/lib/go-*/bin' | sort --version-sort --reverse | paste -sd: || true)
  if ! type go 2>/dev/null; then install_from_debian golang-go; fi
  rm -rf "$partial"
  mkdir -p "$partial"/{debs,root,go,bin}

  download_from_debian trixie "$partial/debs" kubectl/trixie
  dpkg-deb --extract "$partial"/debs/*.deb "$partial/root"
  "$partial/root/usr/bin/kubectl" version --client
  mv "$partial/root/usr/bin/kubectl" "$partial/bin/"

  (cd "$partial/go" && GOMODCACHE=$PWD GOFLAGS=-modcacherw GOTOOLCHAIN=local timeout 300 go mod download "k8s.io/kubernetes@$version")
  mv "$partial/go/k8s.io/kubernetes@$version/api/openapi-spec/swagger.json" "$partial/"

  rm -rf "$partial"/{debs,root,go} .parts/kubernetes
  mv "$partial" .parts/kubernetes
}
