/** Is in the environment of tests that run on a machine of their own. */
export const INSIDE = 'VIGO_TEST_MACHINE'
