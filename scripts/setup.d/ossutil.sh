ossutil_is_there() {
  [[ -x .parts/bin/ossutil && .parts/bin/ossutil -nt build/ossutil/go.mod ]]
}

install_ossutil() {
  PATH=$PATH:/usr/local/go/bin:$(compgen -G '/usr/lib/go-*/bin' | sort --version-sort --reverse | paste -sd: || true)
  if ! type go 2>/dev/null; then install_from_debian golang-go; fi
  (
    cd build/ossutil || exit
    GOBIN=$OLDPWD/.parts/bin.partial CGO_ENABLED=0 \
      timeout 300 go install -buildvcs=false -trimpath -ldflags='-s -w' github.com/aliyun/ossutil
  )
  mkdir -p .parts/bin
  mv .parts/bin.partial/ossutil .parts/bin/
  rmdir .parts/bin.partial
}
