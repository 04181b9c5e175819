import { join } from 'node:path';
import { CountedCalls } from '../attempt/counted-calls.fixture.js';
import type { Ground } from '../attempt/ground.fixture.js';
import { ServiceProcess } from '../attempt/service-process.fixture.js';
import type { ServiceSettings } from '../attempt/service-process.fixture.js';
import { RunnerDirectory } from './runner-directory.js';

/** Sandbox services in processes of their own, one after the other on one data directory, whose agents work in runners. */
export class ServicesWithRunners {
  readonly settings: ServiceSettings;
  readonly ground: Ground;
  readonly #started: ServiceProcess[] = [];

  private constructor(readonly calls: CountedCalls) {
    this.ground = calls.ground;
    this.settings = calls.settings('only', { agents: { place: 'runner', atStop: 'leave' } });
  }

  static async make(): Promise<ServicesWithRunners> {
    return new ServicesWithRunners(await CountedCalls.make());
  }

  async start(settings: ServiceSettings = this.settings): Promise<ServiceProcess> {
    const service = await ServiceProcess.start(settings);
    this.#started.push(service);
    return service;
  }

  /** Those that wait for work included. */
  runners(): RunnerDirectory[] {
    return RunnerDirectory.allIn(join(this.settings.homeDir, 'runners'));
  }

  working(): RunnerDirectory[] {
    return this.runners().filter(runner => runner.isAlive && runner.spec() !== undefined);
  }

  /** Ends every service and runner; another one can be started after it. */
  async clear(): Promise<void> {
    await Promise.all(this.#started.splice(0).map(service => service.remove()));
    this.runners().forEach(runner => runner.kill());
  }
}
