rclone_is_there() {
  [[ -x .parts/bin/rclone && .parts/bin/rclone -nt build/rclone/go.mod && .parts/bin/rclone -nt build/rclone/main.go ]]
}

install_rclone() {
  PATH=$PATH:/usr/local/go/bin:$(compgen -G '/usr/lib/go-*/bin' | sort --version-sort --reverse | paste -sd: || true)
  if ! type go 2>/dev/null; then install_from_debian golang-go; fi
  mkdir -p .parts/bin
  (
    cd build/rclone || exit
    CGO_ENABLED=0 timeout 900 nice go build -buildvcs=false -trimpath -ldflags='-s -w' -o "$OLDPWD/.parts/bin/rclone.partial" .
  )
  mv .parts/bin/rclone.partial .parts/bin/rclone
}
