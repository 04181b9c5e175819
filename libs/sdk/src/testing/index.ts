export { testConsumer } from './test-consumer.js';
export type { ConsumerSpec, GivenEvents, WhenHandled } from './test-consumer.js';
