FROM debian:trixie-slim
RUN --mount=target=/context \
    mkdir -p /usr/local/lib/node_modules/npm \
 && tar -xzf /context/npm-*.tgz -C /usr/local/lib/node_modules/npm --strip-components=1 \
 && tar -xzf /context/node-linux-*.tgz -C /usr/local --strip-components=1 package/bin/node \
 && chmod -R +x /usr/local/bin/node /usr/local/lib/node_modules/npm/bin \
 && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
CMD ["node"]
