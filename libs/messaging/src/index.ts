export type { ConsumerStatus, Reactor, RunningConsumer } from './reactor.js';
