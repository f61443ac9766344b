// Lets Node run the tests' TypeScript: tap imports this into each test file's process. tap's own loader brings the whole
// compiler along, which costs each of some 140 processes more than most tests.
import { register } from 'node:module'

register('./hooks.mjs', import.meta.url)
