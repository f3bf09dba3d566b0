import { readPackageFile } from './package-file.ts';

const manifest = JSON.parse(new TextDecoder().decode(readPackageFile('package.json'))) as { version: string };

/** The version of this server, as package.json states it. */
export const version: string = manifest.version;
