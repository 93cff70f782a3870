# Bases. Their tags move: a build takes the newest image of each, with its repairs, and may differ from the one before. Whoever needs
# the same bases again names them with their digests (name@sha256:…).
ARG NODE_IMAGE=node:24-trixie-slim
ARG GO_IMAGE=golang:1.26-trixie
ARG DEBIAN_IMAGE=debian:trixie-slim

# Mirrors: APT_MIRROR (the URL that ends in /debian) and PGDG_MIRROR (the one with dists/ below it): http, because the slim
# image trusts no certificate, or https with the secret below; NPM_REGISTRY; GOPROXY. Behind a proxy that signs TLS again:
# --secret id=ca,src=bundle.pem, which stays in no layer. A mirror of PGDG that signs for itself: --secret id=pgdg_key,src=key.asc.
# What is in the image stands in its /app/sbom.cdx.json (CycloneDX), which the build makes itself.


FROM --platform=${BUILDPLATFORM} ${GO_IMAGE} AS go
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOMODCACHE=/cache/mod GOCACHE=/cache/build
WORKDIR /build


FROM go AS ossutil
ARG GOPROXY TARGETOS TARGETARCH
COPY build/ossutil ./
RUN --mount=type=secret,id=ca --mount=type=cache,id=go,target=/cache \
    if [ -f /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi \
 && GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags='-s -w' -o /out/ossutil github.com/aliyun/ossutil \
 && go version -m /out/ossutil >/modules


# With RCLONE_VERSION (such as v1.76.0) that rclone, with all its remotes; 87 MB, so without it none.
FROM go AS rclone
ARG RCLONE_VERSION GOPROXY TARGETOS TARGETARCH
RUN --mount=type=secret,id=ca --mount=type=cache,id=go,target=/cache \
    mkdir /out; touch /modules; \
    if [ -z "$RCLONE_VERSION" ]; then exit; fi; \
    if [ -f /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    go mod init rclone \
 && go get "github.com/rclone/rclone@$RCLONE_VERSION" \
 && GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /out/rclone \
      -ldflags="-s -w -X github.com/rclone/rclone/fs.Version=$RCLONE_VERSION" github.com/rclone/rclone \
 && go version -m /out/rclone >/modules


FROM ${NODE_IMAGE} AS packages
ARG NPM_REGISTRY
ENV npm_config_cache=/cache
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Development packages are taken out rather than omitted: where a registry lacks the build of one for some platform, the
# lock file has a gap there, and npm ci refuses it even so.
RUN --mount=type=secret,id=ca --mount=type=cache,id=npm,target=/cache \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi \
 && npm pkg delete devDependencies \
 && npm ci --ignore-scripts ${NPM_REGISTRY:+--registry="$NPM_REGISTRY"}


# The program compiled, with the packages that it needs to run: neither a compiler nor what only compilers and people read.
FROM packages AS program
COPY src src
COPY build/compile.ts build/
COPY tsconfig.json ./
RUN node build/compile.ts src dist \
 && npm pkg delete dependencies.esbuild dependencies.tsx \
 && npm prune --ignore-scripts --offline \
 && find node_modules -type f \( -name '*.map' -o -name '*.md' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && find node_modules -regextype posix-extended -type d \
      -regex '(.*/)?node_modules/(@[^/]+/)?[^/@]+/(test|tests|__tests__|docs|examples?|benchmarks?|\.github)' -prune -exec rm -r {} +


# Only lends its /etc/apt to the stages below, so that no mirror is left in the image. There the secret is readable for
# all, because apt downloads as a user of its own.
FROM ${DEBIAN_IMAGE} AS apt
ARG APT_MIRROR
RUN if [ -n "$APT_MIRROR" ]; then \
      sed -Ei "s|^(URIs:).*-security/?$|\1 ${APT_MIRROR%/}-security|; t; s|^(URIs:).*|\1 ${APT_MIRROR%/}|" \
        /etc/apt/sources.list.d/debian.sources; \
    fi
RUN --mount=type=secret,id=ca \
    if [ -f /run/secrets/ca ]; then echo 'Acquire::https::CAInfo "/run/secrets/ca";' >/etc/apt/apt.conf.d/ca; fi
ARG PG_SOURCE=pgdg PG_MAJORS PGDG_MIRROR
RUN --mount=type=bind,source=build/postgresql-source,target=/postgresql-source \
    --mount=type=secret,id=ca,mode=0444 --mount=type=secret,id=pgdg_key \
    bash /postgresql-source "$PG_SOURCE" "$PG_MAJORS" "$PGDG_MIRROR"


FROM ${DEBIAN_IMAGE} AS debian
RUN --mount=type=bind,from=apt,source=/etc/apt,target=/etc/apt --mount=type=secret,id=ca,mode=0444 \
    apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates gpg gpg-agent libstdc++6 tini util-linux \
      libpq5 liblz4-1 libreadline8t64 libzstd1 zlib1g
# The group is root's, so that platforms which choose any uid with gid 0 can write to a fresh volume, too.
RUN useradd --no-log-init --uid 10001 --user-group --create-home --skel /dev/null pg-backup \
 && install -d -o 10001 -g 0 -m 0775 /data/db-backups /var/log/db-backup \
 && ln -s /app/bin/pg-backup.js /usr/local/bin/pg-backup


# What nobody runs goes, with its entry among the packages, so that scanners see what there is. Scripts of packages would
# run the perl that goes as well.
FROM debian AS system
RUN set -e; \
    gone="apt debconf debian-archive-keyring diffutils dpkg init-system-helpers libapt-pkg7.0 libdb5.3t64 libpam-modules \
      libpam-modules-bin libpam-runtime libsemanage2 libsepol2 libsemanage-common login login.defs mount ncurses-bin \
      passwd perl-base sqv sysvinit-utils"; \
    for package in $gone; do rm -f /var/lib/dpkg/info/$package[.:]*rm; done; \
    dpkg --purge --force-all $gone; \
    rm -rf /etc/apt /var/lib/apt /var/cache/* /var/log/* /usr/share/perl* /var/lib/dpkg/*-old; \
    install -d -o 10001 -g 0 -m 0775 /var/log/db-backup


# The programs of postgresql-client that are run: its wrappers would bring perl. The package's control file goes along under
# status.d, where scanners look for packages that dpkg did not install.
FROM debian AS clients
ARG PG_MAJORS
WORKDIR /debs
RUN --mount=type=bind,from=apt,source=/etc/apt,target=/etc/apt --mount=type=secret,id=ca,mode=0444 \
    set -e; \
    apt-get update; \
    mkdir -p /out/var/lib/dpkg/status.d; \
    for major in $(cat /etc/apt/postgresql-majors); do \
      package=postgresql-client-$major bin=usr/lib/postgresql/$major/bin; \
      apt-get download "$package"; \
      dpkg-deb --extract "$package"_*.deb "$major"; \
      dpkg-deb --field "$package"_*.deb >"/out/var/lib/dpkg/status.d/$package"; \
      mkdir -p "/out/$bin" "/out/usr/share/doc/$package"; \
      for program in pg_dump pg_dumpall pg_restore psql; do cp "$major/$bin/$program" "/out/$bin/"; done; \
      cp "$major/usr/share/doc/$package/copyright" "/out/usr/share/doc/$package/"; \
    done


# Node as it is run, without the names of its functions for debuggers: a seventh less.
FROM debian AS node
RUN --mount=type=bind,from=apt,source=/etc/apt,target=/etc/apt --mount=type=secret,id=ca,mode=0444 \
    apt-get update && apt-get install -y --no-install-recommends binutils
RUN --mount=type=bind,from=packages,source=/usr/local/bin/node,target=/node strip -o /usr/local/bin/node /node


# The programs of the servers for drills with what they are linked to, but nothing that compiles (jit is off in drills); and
# a name for any uid, because initdb refuses to run without one.
FROM debian AS servers
WORKDIR /debs
RUN --mount=type=bind,from=apt,source=/etc/apt,target=/etc/apt --mount=type=secret,id=ca,mode=0444 \
    --mount=type=bind,source=build/unpack-servers,target=/unpack-servers \
    apt-get update && bash /unpack-servers /out $(cat /etc/apt/postgresql-majors)


FROM scratch AS sidecar
COPY --from=system / /
COPY --from=node /usr/local/bin/node /usr/local/bin/
COPY --from=clients /out /
COPY --from=ossutil /out /usr/local/bin/
COPY --from=rclone /out /usr/local/bin/
COPY --from=program /app/node_modules /app/node_modules
# Modes are given, lest a private umask of the checkout reach into the image.
COPY --chmod=755 --from=program /app/dist /app/dist
COPY --chmod=644 --from=program /app/package.json /app/
COPY --chmod=644 LICENSE /app/
COPY --chmod=755 bin /app/bin
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_ENV=production LANG=C.UTF-8
# Versions that are older than FIXED_MINORS of src/postgres/fixed-minors.ts, and wanted even so, such as "18.6".
ARG PG_ACCEPT_MINORS
# The directory of the reports is in a fresh volume, too: whoever mounts it alone need not wait for the first of them.
RUN --mount=type=bind,from=apt,source=/etc/apt/postgresql-majors,target=/postgresql-majors \
    --mount=type=bind,source=build/check-clients.ts,target=/app/build/check-clients.ts \
    --mount=type=bind,source=src,target=/app/src \
    --mount=type=bind,source=build/sbom.ts,target=/app/build/sbom.ts \
    --mount=type=bind,from=ossutil,source=/modules,target=/modules/ossutil \
    --mount=type=bind,from=rclone,source=/modules,target=/modules/rclone \
    cd /app \
 && node build/check-clients.ts "$(cat /postgresql-majors)" "$PG_ACCEPT_MINORS" \
 && ossutil --version && tini --version && setpriv --version && flock --version && gpg --version && gpg-agent --version \
 && touch /app/is-image \
 && install -d -o 10001 -g 0 -m 0775 /data/db-backups/reports \
 && node build/sbom.ts /modules/* >sbom.cdx.json

USER 10001:10001
VOLUME ["/data/db-backups", "/var/log/db-backup"]
# tini signals pg-backup alone, which ends its children itself and then writes the report.
ENTRYPOINT ["tini", "--", "pg-backup"]
CMD ["schedule"]
# By the records alone: it tells of a CronJob's or a person's backups just as well.
HEALTHCHECK --interval=5m --timeout=30s --start-period=1m CMD ["pg-backup", "healthcheck"]

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pg-backup-sidecar" \
      org.opencontainers.image.description="Logical PostgreSQL backups beside a container, proven to restore" \
      org.opencontainers.image.source="https://github.com/pg-backup-sidecar/pg-backup-sidecar" \
      org.opencontainers.image.documentation="https://github.com/pg-backup-sidecar/pg-backup-sidecar#readme" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"


FROM sidecar AS drill
COPY --from=servers /out /
USER 0
RUN --mount=type=bind,source=build/sbom.ts,target=/app/build/sbom.ts \
    --mount=type=bind,from=ossutil,source=/modules,target=/modules/ossutil \
    --mount=type=bind,from=rclone,source=/modules,target=/modules/rclone \
    cd /app && node build/sbom.ts /modules/* >sbom.cdx.json
USER 10001:10001
LABEL org.opencontainers.image.description="Logical PostgreSQL backups, restored and compared in a throw-away server"


# The default: as small as can be.
FROM sidecar
