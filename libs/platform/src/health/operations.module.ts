import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { METRICS_ACCESS, MetricsRoutes } from '../metrics/metrics-routes.js';
import type { MetricsAccess } from '../metrics/metrics-routes.js';
import { HttpObserver } from '../observed/http-observer.js';
import { HealthRoutes } from './health-routes.js';

/**
 * What operators ask a process on its port: `/health/live`, `/health/ready` and `/metrics`. Takes the global
 * `PlatformModule` for granted.
 */
@Module({})
export class OperationsModule {
  static register(options: { readonly metrics: MetricsAccess }): DynamicModule {
    return {
      module: OperationsModule,
      controllers: [HealthRoutes, MetricsRoutes],
      providers: [{ provide: METRICS_ACCESS, useValue: options.metrics }, HttpObserver],
    };
  }
}
