/** How the operator is installed or upgraded. */
export const installAdvice = 'Install the operator of this version: see docs/tasks/install.md.';
