export { ModelVendor } from './model-vendor.js';
export type { VendorRequest, VendorTls, VendorWire } from './model-vendor.js';
export type {
  RefusedAnswer,
  SilentAnswer,
  SpokenAnswer,
  VendorAnswer,
  VendorToolCall,
  VendorUsage,
} from './vendor-answer.js';
