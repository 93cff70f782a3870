import type { Text } from '../language.ts';

const CHECK_NETWORK: Text = {
  en: 'Check OSS_ENDPOINT, and the network and firewall between here and it.',
  zh: '检查 OSS_ENDPOINT 以及本机到该端点的网络与防火墙。',
};

/** Our codes for what happens before or without an answer of OSS. */
export const CONNECTION_ERRORS = {
  HostNotFound: {
    meaning: { en: 'the name of the endpoint cannot be resolved', zh: '无法解析端点域名' },
    remedy: {
      en: 'Check OSS_ENDPOINT, OSS_BUCKET and the DNS of this host; -internal endpoints exist inside Alibaba Cloud only.',
      zh: '检查 OSS_ENDPOINT、OSS_BUCKET 与本机 DNS；-internal 内网端点仅在阿里云内可用。',
    },
  },
  CertificateRejected: {
    meaning: { en: 'there is no trusted TLS connection', zh: '无法建立可信的 TLS 连接' },
    remedy: {
      en: 'Check OSS_ENDPOINT (a custom domain needs a certificate of its own in OSS) and what inspects TLS in between; for an authority of your own set NODE_EXTRA_CA_CERTS to its PEM file in the environment of pg-backup (the sdk, and what is asked of OSS with any tool), and for ossutil SSL_CERT_FILE as well.',
      zh: '检查 OSS_ENDPOINT（自定义域名须在 OSS 中托管证书）以及中间的 TLS 检查设备；自有 CA：在 pg-backup 的进程环境中将 NODE_EXTRA_CA_CERTS 设为其 PEM 文件（用于 sdk，以及无论用哪种工具对 OSS 的查询），使用 ossutil 时还须设置 SSL_CERT_FILE。',
    },
  },
  ConnectionTimeout: {
    meaning: { en: 'no answer in time', zh: '未在规定时间内应答' },
    remedy: CHECK_NETWORK,
  },
  ConnectionRefused: {
    meaning: { en: 'nothing listens there, or no way leads there', zh: '目标未监听或不可达' },
    remedy: CHECK_NETWORK,
  },
  ConnectionLost: {
    meaning: { en: 'the connection broke off', zh: '连接中断' },
    remedy: CHECK_NETWORK,
  },
  UnexpectedAnswer: {
    meaning: { en: 'what answered is not OSS', zh: '应答方不是 OSS' },
    remedy: {
      en: 'Check OSS_ENDPOINT and OSS_ADDRESSING, and proxies or portals in between.',
      zh: '检查 OSS_ENDPOINT、OSS_ADDRESSING 以及中间的代理或认证门户。',
    },
  },
  CredentialsUnavailable: {
    meaning: { en: 'no source of keys gave any', zh: '所有凭据来源均未提供密钥' },
    remedy: {
      en: 'Check what OSS_CREDENTIALS=chain shall use: ALIBABA_CLOUD_* variables, the OIDC token of the pod (RRSA), profile files, the RAM role of the instance, or ALIBABA_CLOUD_CREDENTIALS_URI; see docs/oss.md.',
      zh: '检查 OSS_CREDENTIALS=chain 应使用的来源：ALIBABA_CLOUD_* 变量、Pod 的 OIDC 令牌（RRSA）、配置文件、实例 RAM 角色或 ALIBABA_CLOUD_CREDENTIALS_URI；参见 docs/oss.zh-CN.md。',
    },
  },
} as const satisfies Record<string, { readonly meaning: Text; readonly remedy: Text }>;

interface ConnectionFault {
  readonly code: keyof typeof CONNECTION_ERRORS;
  /** The code of Node's error, such as `ENOTFOUND`. */
  readonly network: RegExp;
  /** The words of Go's error, as ossutil prints it. */
  readonly said: RegExp;
}

/** The first that fits counts. */
const CONNECTION_FAULTS: readonly ConnectionFault[] = [
  {
    code: 'HostNotFound',
    network: /^(ENOTFOUND|EAI_\w+)$/,
    said: /no such host|server misbehaving|Temporary failure in name resolution/,
  },
  {
    code: 'CertificateRejected',
    network: /^(CERT_|ERR_TLS|ERR_SSL|EPROTO|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/,
    said: /x509:|tls:|HTTP response to HTTPS client/,
  },
  {
    code: 'ConnectionTimeout',
    network: /^(ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT)$/,
    said: /i\/o timeout|deadline exceeded|TLS handshake timeout|timed out/,
  },
  {
    code: 'ConnectionRefused',
    network: /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/,
    said: /connection refused|unreachable|no route to host/,
  },
  {
    code: 'ConnectionLost',
    network: /^(ECONNRESET|EPIPE)$/,
    said: /connection reset|broken pipe|\bEOF\b|closed network connection/,
  },
];

/** The fault behind a code of Node. */
export function connectionFaultOf(networkCode: string): ConnectionFault['code'] | undefined {
  return CONNECTION_FAULTS.find(({ network }) => network.test(networkCode))?.code;
}

/** The fault behind words of Go. */
export function connectionFaultSaid(words: string): ConnectionFault['code'] | undefined {
  return CONNECTION_FAULTS.find(({ said }) => said.test(words))?.code;
}
