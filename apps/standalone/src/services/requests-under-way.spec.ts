import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { listen } from '../listen.js';
import { RequestsUnderWay } from './requests-under-way.js';

let begun: () => void;
let finish: () => void;

@Controller()
class SlowRoutes {
  @Get('slow')
  async slow(): Promise<string> {
    begun();
    await new Promise<void>(done => (finish = done));
    return 'finished';
  }

  @Get('quick')
  quick(): string {
    return 'quick';
  }
}

@Module({ controllers: [SlowRoutes] })
class SlowModule {}

describe('an API that ends', () => {
  let app: NestFastifyApplication;
  let requests: RequestsUnderWay;
  let url: string;

  beforeEach(async () => {
    app = await NestFactory.create<NestFastifyApplication>(SlowModule, new FastifyAdapter(), { logger: false });
    requests = new RequestsUnderWay(app);
    url = await listen(app, { host: '127.0.0.1', port: 0 });
  });
  afterEach(() => app.close());

  it('finishes the answers that are under way, and takes no new connections', async () => {
    const hasBegun = new Promise<void>(resolve => (begun = resolve));
    const slow = fetch(`${url}/slow`);
    await hasBegun;
    expect(await requests.finish(1)).toBe(false);
    await expect(fetch(`${url}/quick`)).rejects.toThrow();
    const finished = requests.finish(20_000);
    finish();
    expect(await (await slow).text()).toBe('finished');
    expect(await finished).toBe(true);
  });

  it('ends at once when nobody waits for an answer', async () => {
    expect(await (await fetch(`${url}/quick`)).text()).toBe('quick');
    expect(await requests.finish(20_000)).toBe(true);
  });
});
