# shellcheck shell=bash
# The official images that the Dockerfile and the checks name. Where no registry of images can be reached, stand-ins
# with the same names are made from packages, in our own engine only: nobody else's images are ever replaced.
# Sourced by ./run after engine.sh; $here is this folder.
: "${here:?}" "${work:?}"

bases_make() {
  engine_is_ours || return 0
  local recipe
  recipe=$(cat "$here"/bases.sh "$here"/bases/* | sha256sum | cut -c1-16)
  base debian:trixie-slim make_debian
  base node:24-trixie-slim make_node
  base golang:1.26-trixie make_golang
  base postgres:17 make_postgres
}

# A stand-in carries the checksum of its recipe, and is made again when that changes.
base() {
  local image=$1 make=$2 found
  if found=$(docker image inspect --format '{{index .Config.Labels "pg-backup.stand-in"}}' "$image" 2>/dev/null); then
    [ -n "$found" ] && [ "$found" != "$recipe" ] || return 0
  elif docker pull --quiet "$image" >/dev/null 2>&1; then
    return 0
  fi
  echo "bases: making a stand-in for $image"
  "$make" "$image" >"$work/base.log" 2>&1 || { tail -n 30 "$work/base.log" >&2; die "no stand-in for $image"; }
}

make_debian() {
  local image=$1 root=$work/debian mirror
  mirror=$(debian_mirror)
  debootstrap --variant=minbase trixie "$root" "$mirror"
  cp "$here/bases/dpkg-slim.cfg" "$root/etc/dpkg/dpkg.cfg.d/slim"
  cp "$here/bases/apt-stand-in.conf" "$root/etc/apt/apt.conf.d/99stand-in"
  rm "$root/etc/apt/sources.list"
  sed "s|@MIRROR@|${mirror%/}|" "$here/bases/debian.sources" >"$root/etc/apt/sources.list.d/debian.sources"
  tar --create --directory "$root" --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
    --exclude='./usr/share/locale/*' --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/apt/*' \
    --exclude='./var/log/*' --exclude='./dev/*' . |
    docker import --change 'CMD ["bash"]' --change "LABEL pg-backup.stand-in=$recipe" - "$image"
  rm -rf "$root"
}

make_node() {
  local context=$work/node
  mkdir -p "$context"
  (cd "$context" && npm pack --silent "node-linux-$(node --print process.arch)@24" npm@11)
  make_from node "$1" "$context"
}

make_golang() {
  local context=$work/golang
  mkdir -p "$context"
  # Links followed: a Go from Debian packages is spread over two folders.
  cp --recursive --dereference "$(go env GOROOT)" "$context/go"
  make_from golang "$1" "$context"
}

make_postgres() { make_from postgres "$1" "$here/bases"; }

make_from() {
  local name=$1 image=$2 context=$3
  docker build --network host --label "pg-backup.stand-in=$recipe" --tag "$image" \
    --file "$here/bases/$name.Dockerfile" "$context"
}
