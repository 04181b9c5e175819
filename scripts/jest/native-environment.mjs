/** The realm of spec files: that of the process. Whatever a spec file changed in it is put back for the one that follows. */
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

const FRAMES = 20;

export default class NativeEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  fakeTimers = null;
  #before;

  constructor({ projectConfig }) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.#before = { console: globalThis.console, exit: process.exit, environment: { ...process.env } };
  }

  /** Jest asks for a hundred frames, which makes every fault that is thrown on purpose dear: a simulation throws a million. */
  async setup() {
    Error.stackTraceLimit = FRAMES;
  }

  async teardown() {
    this.fakeTimersModern.dispose();
    this.moduleMocker.restoreAllMocks();
    const { console, exit, environment } = this.#before;
    globalThis.console = console;
    process.exit = exit;
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  }

  getVmContext() {
    return null;
  }

  exportConditions() {
    return [];
  }
}
