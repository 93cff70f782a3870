# Bases; whoever needs more than a tag gives a digest.
ARG NODE_IMAGE=node:24-trixie-slim
ARG GO_IMAGE=golang:1.26-trixie
ARG DEBIAN_IMAGE=debian:trixie-slim

# Mirrors: APT_MIRROR (the URL that ends in /debian; the slim image trusts no certificate, so http, or the secret below),
# NPM_REGISTRY, GOPROXY. Behind a proxy that signs TLS again: --secret id=ca,src=bundle.pem, which stays in no layer.


FROM ${GO_IMAGE} AS ossutil
ARG GOPROXY
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN=/out GOMODCACHE=/cache/mod GOCACHE=/cache/build
WORKDIR /build
COPY build/ossutil ./
RUN --mount=type=secret,id=ca --mount=type=cache,id=go,target=/cache \
    if [ -f /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi \
 && go install -trimpath -ldflags='-s -w' github.com/aliyun/ossutil


FROM ${NODE_IMAGE} AS node
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


# The programs of postgresql-client alone: its wrappers would bring perl. The package's control file goes along under
# status.d, where scanners look for packages that dpkg did not install.
FROM ${DEBIAN_IMAGE} AS postgresql
ARG PG_MAJORS=17
WORKDIR /debs
RUN --mount=type=bind,from=apt,source=/etc/apt,target=/etc/apt --mount=type=secret,id=ca,mode=0444 \
    set -e; \
    apt-get update; \
    mkdir -p /out/var/lib/dpkg/status.d; \
    for major in $PG_MAJORS; do \
      package=postgresql-client-$major; \
      apt-get download "$package"; \
      dpkg-deb --extract "$package"_*.deb "$major"; \
      dpkg-deb --field "$package"_*.deb >"/out/var/lib/dpkg/status.d/$package"; \
      mkdir -p "/out/usr/lib/postgresql" "/out/usr/share/doc/$package"; \
      cp -a "$major/usr/lib/postgresql/$major" /out/usr/lib/postgresql/; \
      cp "$major/usr/share/doc/$package/copyright" "/out/usr/share/doc/$package/"; \
    done


FROM ${DEBIAN_IMAGE}
RUN --mount=type=bind,from=apt,source=/etc/apt,target=/etc/apt --mount=type=secret,id=ca,mode=0444 \
    --mount=type=tmpfs,target=/var/lib/apt/lists --mount=type=tmpfs,target=/var/cache \
    --mount=type=tmpfs,target=/var/log \
    apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates gpg gpg-agent libstdc++6 tini util-linux \
      libpq5 liblz4-1 libreadline8t64 libzstd1 zlib1g
# The group is root's, so that platforms which choose any uid with gid 0 can write to a fresh volume, too.
RUN useradd --no-log-init --uid 10001 --user-group --create-home --skel /dev/null pg-backup \
 && install -d -o 10001 -g 0 -m 0775 /data/db-backups /var/log/db-backup \
 && ln -s /app/bin/pg-backup.js /usr/local/bin/pg-backup
COPY --from=node /usr/local/bin/node /usr/local/bin/
COPY --from=postgresql /out /
COPY --from=ossutil /out/ossutil /usr/local/bin/
COPY --from=node /app/node_modules /app/node_modules
# Modes are given, lest a private umask of the checkout reach into the image.
COPY --chmod=644 package.json tsconfig.json LICENSE /app/
COPY --chmod=755 bin /app/bin
COPY --chmod=755 src /app/src
RUN for client in /usr/lib/postgresql/*/bin/pg_dump; do "$client" --version || exit 1; done \
 && node --version && ossutil --version && tini --version && setpriv --version && flock --version \
 && gpg --version && gpg-agent --version

ENV NODE_ENV=production LANG=C.UTF-8
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
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
