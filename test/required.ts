/** What some tests need and not every machine has. */
type Needed = 'redis' | 'cc' | 'faketime' | 'mount' | 'systemd' | 'promtool' | 'chromium'

/**
 * Why a test can't run here, for its `skip`; false where it can. `missing`: what is not here, and how to get it. Throws where
 * `JR_TEST_REQUIRE` (a list with commas) names it: there nothing may be left out.
 */
export function skipFor(needed: Needed, missing: string | false): string | false {
  if (missing !== false && process.env.JR_TEST_REQUIRE?.split(',').includes(needed)) {
    throw new Error(`JR_TEST_REQUIRE has '${needed}': ${missing}`)
  }
  return missing
}
