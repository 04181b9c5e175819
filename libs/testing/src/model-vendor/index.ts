export { ModelVendor } from './model-vendor.js';
export type { VendorRequest, VendorWire } from './model-vendor.js';
export type {
  RefusedAnswer,
  SilentAnswer,
  SpokenAnswer,
  VendorAnswer,
  VendorToolCall,
  VendorUsage,
} from './vendor-answer.js';
