import type { OpenAppends } from '../port.js';
import { inSchema } from './migrate.js';
import type { Sessions } from './sessions.js';
import { toReadError } from './store-errors.js';

/** Appends are recognised by the bound that they publish (W3 of 0002-append.sql). Sessions of other roles show no start. */
const OPEN_APPENDS = `
  select (select case when g.is_called then g.last_value else 0 end from runledger.gpos g), runledger.settled(),
         coalesce((select extract(epoch from clock_timestamp() - min(a.xact_start))
                     from pg_locks l join pg_stat_activity a on a.pid = l.pid
                    where l.locktype = 'advisory' and l.objsubid = 1 and l.mode = 'ShareLock'
                      and l.classid::bigint >> 16 = runledger.bound_tag() >> 48
                      and l.database = (select d.oid from pg_database d where d.datname = current_database())), 0)`;

/** What appends that have not committed hold back from readers, of all processes. */
export async function openAppends(sessions: Sessions, schema: string): Promise<OpenAppends> {
  try {
    const [row = []] = await sessions.run({ name: 'runledger-open-appends', text: inSchema(OPEN_APPENDS, schema) }, []);
    const [given, settled, oldest] = row;
    return { given: BigInt(given ?? 0), settled: BigInt(settled ?? 0), oldestSeconds: Math.max(0, Number(oldest)) };
  } catch (error) {
    throw toReadError(error);
  }
}
