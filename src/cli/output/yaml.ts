/** The YAML writer, loaded by who needs it: a sixth of the time in which `--help` is there. */
export { stringify } from 'yaml';
