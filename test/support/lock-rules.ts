/** As much of package.json and of package-lock.json as the rules look at. */
export interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}
export interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}
export interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

/** One place in node_modules. */
export interface Package extends Locked {
  readonly path: string;
  readonly name: string;
}

/** What the lock installs, the project itself left out. */
export function packagesOf({ packages }: Lock): Package[] {
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, locked]) => ({ ...locked, path, name: path.replace(/^.*node_modules\//, '') }));
}

/** What the server may load when it runs. */
export function isRuntime({ dev, devOptional }: Package): boolean {
  return dev !== true && devOptional !== true;
}

/**
 * What is wrong with what gets installed, in words: a package whose content is not pinned or that comes from elsewhere than
 * a registry, a range in package.json, a script that is not listed, a licence that is not among `allowed`.
 */
export function lockProblems(manifest: Manifest, lock: Lock, allowed: readonly string[]): string[] {
  const packages = packagesOf(lock);
  const problems: string[] = [];
  for (const { path, version, integrity, resolved, link } of packages) {
    if (link === true || version === undefined) problems.push(`${path} is a link`);
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')) problems.push(`${path} has no SHA-512`);
    if (resolved !== undefined) problems.push(`${path} is bound to a place: ${resolved}`);
  }
  for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range)) problems.push(`${name} ${range} is not one version`);
  }
  for (const { name, license } of packages.filter(isRuntime)) {
    if (!allowed.includes(license ?? '')) problems.push(`${name} is under ${license ?? 'no licence'}`);
  }
  return [...problems, ...scriptProblems(manifest, packages)];
}

// The list is npm's own; newer versions of npm go by it, and .npmrc says to all of them that none runs.
function scriptProblems({ scripts = {}, allowScripts = {} }: Manifest, packages: readonly Package[]): string[] {
  const problems: string[] = [];
  const withScript = new Set(packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name));
  for (const name of withScript) {
    if (!(name in allowScripts)) problems.push(`${name} has an install script and is not in allowScripts`);
  }
  for (const [name, isAllowed] of Object.entries(allowScripts)) {
    if (!withScript.has(name)) problems.push(`allowScripts lists ${name}, which has no install script`);
    if (isAllowed) problems.push(`allowScripts allows ${name}, and .npmrc does not`);
  }
  for (const name of Object.keys(scripts)) {
    const hooked = /^(?:pre|post)(.+)$/.exec(name)?.[1] ?? '';
    if (hooked in scripts || /^(prepare|install|publish|pack)$/.test(hooked) || name === 'prepare')
      problems.push(`the script ${name} never runs: .npmrc ignores it`);
  }
  return problems;
}
