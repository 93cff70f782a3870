import { randomBytes } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';

export interface VersionSummary {
  readonly key: string;
  /** `null`, the text, for what was stored while versioning was suspended. */
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  readonly sizeBytes: number;
}

/** The versions and delete markers of a bucket, oldest first, in a file of one line each. */
export class ObjectVersions {
  entries: readonly VersionSummary[];
  readonly #file: string;
  readonly #versioning: 'Enabled' | 'Suspended' | undefined;

  private constructor(
    file: string,
    versioning: 'Enabled' | 'Suspended' | undefined,
    lines: readonly VersionSummary[],
  ) {
    this.#file = file;
    this.#versioning = versioning;
    this.entries = lines.reduce(withVersion, []);
  }

  static async open(file: string, versioning: 'Enabled' | 'Suspended' | undefined): Promise<ObjectVersions> {
    const text = await readFile(file, 'utf8').catch(() => '');
    const lines = text.split('\n').filter(Boolean);
    return new ObjectVersions(
      file,
      versioning,
      lines.map((line) => JSON.parse(line) as VersionSummary),
    );
  }

  /** Adds the newest version of a key and returns its id; without versioning does nothing. */
  async add(version: Omit<VersionSummary, 'versionId'>): Promise<string | undefined> {
    if (!this.#versioning) return undefined;
    const versionId = this.#versioning === 'Suspended' ? 'null' : `CAEQ${randomBytes(24).toString('hex')}`;
    const entry = { ...version, versionId };
    this.entries = withVersion(this.entries, entry);
    await appendFile(this.#file, `${JSON.stringify(entry)}\n`);
    return versionId;
  }

  /** The id of the newest version of the key, if that is a delete marker. */
  deleteMarker(key: string): string | undefined {
    const newest = this.entries.findLast((entry) => entry.key === key);
    return newest?.isDeleteMarker ? newest.versionId : undefined;
  }
}

// Of the versions of a key only one is called `null`: the newest.
function withVersion(entries: readonly VersionSummary[], added: VersionSummary): VersionSummary[] {
  const replaced = ({ key, versionId }: VersionSummary) =>
    versionId === 'null' && added.versionId === 'null' && key === added.key;
  return [...entries.filter((entry) => !replaced(entry)), added];
}
