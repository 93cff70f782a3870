import { existsSync } from 'node:fs';
import { fillIn, type Text } from './language.ts';

/** The Dockerfile leaves it beside package.json. */
const IS_IMAGE = existsSync(new URL('../is-image', import.meta.url));

/** Where programs that are missing come from. */
export interface HowToGet {
  /** A client, of this major if given. */
  readonly client: (major?: number) => Text;
  /** A client of this major, at least as new as `version`; `isThere`: an older one of the major is. */
  readonly newerClient: (major: number, version: string, isThere: boolean) => Text;
  /** The programs of a server for drills, of this major if given. */
  readonly server: (major?: number) => Text;
  readonly ossutil: Text;
  readonly rclone: Text;
}

/** In the image nothing can be installed: there it says how another one is built, elsewhere which package it is. */
export function howToGet(isImage = IS_IMAGE): HowToGet {
  return isImage ? BY_BUILDING : BY_INSTALLING;
}

const BY_INSTALLING: HowToGet = {
  client: (major) => same(`apt-get install postgresql-client${suffix(major)}`),
  newerClient: (major, _version, isThere) =>
    same(
      `apt-get update && apt-get install ${isThere ? '--only-upgrade ' : ''}postgresql-client${suffix(major)}`,
    ),
  server: (major) => same(`apt-get install postgresql${suffix(major)}`),
  ossutil: same('https://help.aliyun.com/zh/oss/developer-reference/ossutil-1-0/'),
  rclone: same('https://rclone.org/install/'),
};

const BY_BUILDING: HowToGet = {
  client: (major) => (major === undefined ? OWN_CLIENTS : fillIn(OTHER_MAJORS, { major })),
  newerClient: (_major, version) => fillIn(NEWER_CLIENT, { version }),
  server: (major) =>
    fillIn(SERVER, { majors: major === undefined ? '' : ` --build-arg PG_MAJORS="${major}"` }),
  ossutil: {
    en: 'the image has it already, in /usr/local/bin: leave PATH as it is',
    zh: '镜像已自带（/usr/local/bin）；请勿改动 PATH',
  },
  rclone: same('docker build --build-arg RCLONE_VERSION=v1.76.0'),
};

const OWN_CLIENTS: Text = {
  en: 'the image has clients already, in /usr/lib/postgresql: leave PG_BIN_DIR unset',
  zh: '镜像已自带客户端（/usr/lib/postgresql）；请勿设置 PG_BIN_DIR',
};
const OTHER_MAJORS: Text = {
  en: 'docker build --build-arg PG_MAJORS="{major}" (and other majors that are needed beside it)',
  zh: 'docker build --build-arg PG_MAJORS="{major}"（需要的其他主版本一并列出）',
};
const NEWER_CLIENT: Text = {
  en: 'docker build --pull --no-cache (for {version} or newer)',
  zh: 'docker build --pull --no-cache（取得 {version} 或更新版本）',
};
const SERVER: Text = {
  en: 'docker build --target drill{majors} (the image for drills)',
  zh: 'docker build --target drill{majors}（演练用的镜像）',
};

function suffix(major: number | undefined): string {
  return major === undefined ? '' : `-${major}`;
}

function same(text: string): Text {
  return { en: text, zh: text };
}
