/**
 * tap has every process that is started from a test load hooks of its own, and so on below it: to start one costs several
 * times as much then. Import this, and they are started as an app would start them.
 */
const hooked = Symbol.for('process-on-spawn@*:singletonId')
const hooks = (globalThis as { [hooked]?: { unwrap(): void } })[hooked]
hooks?.unwrap()
