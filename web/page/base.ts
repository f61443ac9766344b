/** Below which all is served, with a slash at the end: the script is at `assets/app.js` below it. */
export const BASE = new URL('..', import.meta.url).pathname
