{{/* Name of everything in this release; names of objects stay below 64 characters. */}}
{{- define "runledger.name" -}}
{{- if contains "runledger" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-runledger" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that never change: what selectors ask for. */}}
{{- define "runledger.selector" -}}
app.kubernetes.io/name: runledger
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "runledger.labels" -}}
{{ include "runledger.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "runledger.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The services that answer commands, for those who ask them. */}}
{{- define "runledger.addresses" -}}
{{- $root := . -}}
{{- range $service := list "orchestrator" "sandbox" "approval" "billing" "audit" }}
- { name: {{ upper $service }}_URLS, value: "http://{{ include "runledger.name" $root }}-{{ $service }}:4100" }
{{- end }}
{{- end -}}

{{/* Which keys a service is given, as files of RUNLEDGER_SECRETS_DIR. */}}
{{- define "runledger.keys" -}}
{{- if eq . "gateway" -}}
pepper gateway.key
{{- else if eq . "audit" -}}
audit-signing export-cursors gateway.pub
{{- else if eq . "orchestrator" -}}
gateway.pub orchestrator.key sandbox.pub
{{- else if eq . "billing" -}}
gateway.pub orchestrator.pub sandbox.pub
{{- else if eq . "sandbox" -}}
gateway.pub sandbox.key vault.key
{{- else if eq . "approval" -}}
gateway.pub vault.key
{{- end -}}
{{- end -}}

{{- define "runledger.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
{{- end -}}

{{- define "runledger.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Secret values that are variables; each may be missing in the secret. */}}
{{- define "runledger.secretEnv" -}}
{{- $secret := .secret -}}
{{- range .variables }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }}, optional: true } }
{{- end }}
{{- end -}}

{{/* The pod of one service: .root, .service (its name), .values (its part of the values). */}}
{{- define "runledger.pod" -}}
{{- $root := .root -}}
{{- $secrets := $root.Values.secrets -}}
{{- $sandbox := eq .service "sandbox" -}}
{{- $functions := dict }}
{{- if eq .service "orchestrator" }}{{ $functions = $root.Values.orchestrator.functions }}{{ end }}
{{- $blobs := or $sandbox (eq .service "gateway") -}}
metadata:
  labels: {{- include "runledger.labels" (dict "root" $root "component" .service) | nindent 4 }}
  annotations:
    # A changed setting replaces the pods.
    checksum/config: {{ toJson $root.Values.config | sha256sum }}
spec:
  {{- $makesPods := and $sandbox .values.kubernetes.enabled }}
  automountServiceAccountToken: {{ $makesPods }}
  {{- if $makesPods }}
  serviceAccountName: {{ include "runledger.name" $root }}-sandbox
  {{- end }}
  enableServiceLinks: false
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  # Longer than the 5 s below and the 25 s in which a service ends.
  terminationGracePeriodSeconds: 45
  {{- if $sandbox }}
  # bubblewrap makes user namespaces inside the pod's own one.
  hostUsers: false
  {{- with .values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  securityContext:
    {{- include "runledger.podSecurity" $root | nindent 4 }}
    {{- if not $sandbox }}
    seccompProfile: { type: RuntimeDefault }
    {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "runledger.selector" (dict "root" $root "component" .service) | nindent 10 }}
  containers:
    - name: {{ .service }}
      image: {{ include "runledger.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [{{ .service }}]
      securityContext:
        {{- include "runledger.containerSecurity" $root | nindent 8 }}
        {{- if $sandbox }}
        procMount: Unmasked
        seccompProfile: {{- toYaml .values.seccompProfile | nindent 10 }}
        appArmorProfile: {{- toYaml .values.appArmorProfile | nindent 10 }}
        {{- end }}
      envFrom:
        - configMapRef: { name: {{ include "runledger.name" $root }} }
        {{- with $functions.secret }}
        - secretRef: { name: {{ . }} }
        {{- end }}
      env:
        - { name: DATABASE_URL_FILE, value: /run/secrets/runledger/database.url }
        - name: REPLICA
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        {{- if eq .service "gateway" }}
        {{- include "runledger.addresses" $root | nindent 8 }}
        {{- end }}
        {{- if has .service (list "orchestrator" "sandbox") }}
        - { name: BILLING_URLS, value: "http://{{ include "runledger.name" $root }}-billing:4100" }
        {{- end }}
        {{- if $functions.configMap }}
        - { name: ORCHESTRATOR_FUNCTIONS, value: /functions/{{ $functions.module }} }
        {{- end }}
        {{- if $sandbox }}
        - { name: ORCHESTRATOR_URLS, value: "http://{{ include "runledger.name" $root }}-orchestrator:4100" }
        - { name: SANDBOX_HOME, value: /data/sandboxes/home }
        {{- with .values.kubernetes }}
        {{- if .enabled }}
        - { name: RUNLEDGER_KUBERNETES_NAMESPACE, value: {{ .namespace | default $root.Release.Namespace | quote }} }
        {{- with .runtimeClass }}
        - { name: RUNLEDGER_KUBERNETES_RUNTIME_CLASS, value: {{ . | quote }} }
        {{- end }}
        {{- end }}
        {{- end }}
        {{- with $secrets.providers }}
        {{- include "runledger.secretEnv" (dict "secret" . "variables" (list "ANTHROPIC_API_KEY" "OPENAI_COMPATIBLE_API_KEY")) | nindent 8 }}
        {{- end }}
        {{- end }}
        {{- if eq .service "approval" }}
        {{- with $secrets.mail }}
        {{- include "runledger.secretEnv" (dict "secret" . "variables" (list "NOTIFY_SMTP_URL")) | nindent 8 }}
        {{- end }}
        {{- end }}
        {{- with $secrets.backbone }}
        {{- include "runledger.secretEnv" (dict "secret" . "variables" (list "EVENTSTOREDB_USER" "EVENTSTOREDB_PASSWORD" "KAFKA_USER" "KAFKA_PASSWORD")) | nindent 8 }}
        {{- end }}
        {{- with $secrets.metrics }}
        {{- include "runledger.secretEnv" (dict "secret" . "variables" (list "METRICS_TOKEN")) | nindent 8 }}
        {{- end }}
        {{- range $name, $value := .values.env }}
        - { name: {{ $name }}, value: {{ $value | quote }} }
        {{- end }}
      ports:
        - { name: internal, containerPort: 4100 }
        {{- if eq .service "gateway" }}
        - { name: api, containerPort: 4000 }
        {{- end }}
      startupProbe:
        httpGet: { path: /health/live, port: internal }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /health/live, port: internal }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /health/ready, port: internal }
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      # Until everyone has heard that nothing more is to be sent here.
      lifecycle: { preStop: { sleep: { seconds: 5 } } }
      resources: {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - { name: secrets, mountPath: /run/secrets/runledger, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- if $blobs }}
        - { name: blobs, mountPath: /data/blobs{{ if not $sandbox }}, readOnly: true{{ end }} }
        {{- end }}
        {{- if $sandbox }}
        - { name: sandboxes, mountPath: /data/sandboxes }
        {{- end }}
        {{- if $functions.configMap }}
        - { name: functions, mountPath: /functions, readOnly: true }
        {{- end }}
  volumes:
    - name: secrets
      projected:
        defaultMode: 288 # 0440
        sources:
          - secret:
              name: {{ $secrets.database }}
              items: [{ key: {{ .service }}.url, path: database.url }]
          {{- with splitList " " (include "runledger.keys" .service) | compact }}
          - secret:
              name: {{ $secrets.keys }}
              items:
                {{- range . }}
                - { key: {{ . }}, path: {{ . }} }
                {{- end }}
          {{- end }}
    - name: tmp
      emptyDir: { sizeLimit: 256Mi }
    {{- with $functions.configMap }}
    - { name: functions, configMap: { name: {{ . }} } }
    {{- end }}
    {{- if $blobs }}
    - name: blobs
      persistentVolumeClaim:
        claimName: {{ default (printf "%s-blobs" (include "runledger.name" $root)) $root.Values.blobs.existingClaim }}
        {{- if not $sandbox }}
        readOnly: true
        {{- end }}
    {{- end }}
{{- end -}}

{{/* The services of this release: the relay only where it has something to do. */}}
{{- define "runledger.services" -}}
gateway orchestrator approval billing audit{{ if eq .Values.config.DISTRIBUTION "kafka" }} relay{{ end }}
{{- end -}}
