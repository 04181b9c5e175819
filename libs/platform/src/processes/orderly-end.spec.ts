import { SILENT } from '@runledger/messaging';
import { Readiness } from '../health/readiness.js';
import { OrderlyEnd } from './orderly-end.js';

describe('the end of a process', () => {
  it('is told to those who look before anything ends, and goes in the opposite order of the start', async () => {
    const steps: string[] = [];
    const readiness = new Readiness();
    const end = new OrderlyEnd();
    end.add('storage', () => Promise.resolve(steps.push('storage')));
    end.add('application', async () => steps.push(`application, ${(await readiness.report()).status}`));
    end.announceTo(readiness, 1);
    await Promise.all([end.end(), end.end()]);
    expect(steps).toEqual(['application, not-ready', 'storage']);
  });

  it('reaches every part although one fails, and reports that one', async () => {
    const steps: string[] = [];
    const end = new OrderlyEnd();
    end.add('lock', () => Promise.resolve(steps.push('lock')));
    end.add('storage', () => Promise.reject(new Error('disk gone')));
    await expect(end.end()).rejects.toThrow('disk gone');
    expect(steps).toEqual(['lock']);
  });

  it('leaves a part behind that hangs', async () => {
    const steps: string[] = [];
    const warnings: object[] = [];
    const end = new OrderlyEnd({ ...SILENT, warn: (fields: object) => void warnings.push(fields) });
    end.add('lock', () => Promise.resolve(steps.push('lock')));
    end.add('application', () => new Promise(() => undefined), 10);
    await expect(end.end()).rejects.toMatchObject({ code: 'ENDED_TOO_SLOWLY', fields: { part: 'application' } });
    expect(steps).toEqual(['lock']);
    expect(warnings).toMatchObject([{ part: 'application' }]);
  });
});
