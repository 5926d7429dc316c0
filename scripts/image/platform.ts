/** The platforms an image is made for, by Debian's and OCI's name, with npm's beside it. */
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' } as const;

/** As OCI and Debian call it. */
export type Architecture = keyof typeof ARCHITECTURES;

/** `linux/amd64,linux/arm64` → architectures. @throws Error for others */
export function parsePlatforms(text: string): readonly Architecture[] {
  return text.split(',').map((platform) => {
    const name = platform.replace(/^linux\//, '');
    if (name === 'amd64' || name === 'arm64') {
      return name;
    }
    throw new Error(`There is no image for ${platform}: choose from linux/amd64 and linux/arm64.`);
  });
}

/** As Node.js and npm call it. */
export function npmArchitecture(architecture: Architecture): string {
  return ARCHITECTURES[architecture];
}

/** That of this machine. @throws Error where there is no image for it */
export function hostArchitecture(): Architecture {
  return process.arch === 'x64' ? 'amd64' : (parsePlatforms(process.arch)[0] ?? 'amd64');
}
