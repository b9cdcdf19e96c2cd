"""The messages of Kubernetes 1.34 that are read and written, in the notation of `fields`.

The numbers are those of the generated.proto of each API group.
"""

from __future__ import annotations

from typing import Final

from agent.api.protobuf.tables_volumes import VOLUMES

_META: Final = {
    "ObjectMeta": (
        "name:1 generateName:2 namespace:3 selfLink:4 uid:5 resourceVersion:6 generation:7l "
        "creationTimestamp:8T deletionTimestamp:9*T deletionGracePeriodSeconds:10*l "
        "labels:11{}s annotations:12{}s ownerReferences:13[]OwnerReference finalizers:14[]s "
        "managedFields:17[]ManagedFieldsEntry"
    ),
    "OwnerReference": (
        "kind:1s! name:3s! uid:4s! apiVersion:5s! controller:6*b blockOwnerDeletion:7*b"
    ),
    "ManagedFieldsEntry": (
        "manager:1 operation:2 apiVersion:3 time:4*T fieldsType:6 fieldsV1:7*F subresource:8"
    ),
    "ListMeta": "selfLink:1 resourceVersion:2 continue:3 remainingItemCount:4*l",
    "LabelSelector": "matchLabels:1{}s matchExpressions:2[]LabelSelectorRequirement",
    "LabelSelectorRequirement": "key:1s! operator:2s! values:3[]s",
    "Condition": (
        "type:1s! status:2s! observedGeneration:3l lastTransitionTime:4T! reason:5s! message:6s!"
    ),
    "Preconditions": "uid:1*s resourceVersion:2*s",
    "DeleteOptions": (
        "gracePeriodSeconds:1*l preconditions:2*Preconditions orphanDependents:3*b "
        "propagationPolicy:4*s dryRun:5[]s "
        "ignoreStoreReadErrorWithClusterBreakingPotential:6*b"
    ),
    "GetOptions": "resourceVersion:1",
    "ListOptions": (
        "labelSelector:1 fieldSelector:2 watch:3b resourceVersion:4 timeoutSeconds:5*l limit:7l "
        "continue:8 allowWatchBookmarks:9b resourceVersionMatch:10 sendInitialEvents:11*b"
    ),
    "Status": ("metadata:1ListMeta status:2 message:3 reason:4 details:5*StatusDetails code:6i"),
    "StatusDetails": "name:1 group:2 kind:3 causes:4[]StatusCause retryAfterSeconds:5i uid:6",
    "StatusCause": "reason:1 message:2 field:3",
    "CreateOptions": "dryRun:1[]s fieldManager:3 fieldValidation:4",
    "UpdateOptions": "dryRun:1[]s fieldManager:2 fieldValidation:3",
    "PatchOptions": "dryRun:1[]s force:2*b fieldManager:3 fieldValidation:4",
}
_CONTAINER: Final = (
    "name:1s! image:2 command:3[]s args:4[]s workingDir:5 ports:6[]ContainerPort env:7[]EnvVar "
    "resources:8ResourceRequirements volumeMounts:9[]VolumeMount livenessProbe:10*Probe "
    "readinessProbe:11*Probe lifecycle:12*Lifecycle terminationMessagePath:13 imagePullPolicy:14 "
    "securityContext:15*SecurityContext stdin:16b stdinOnce:17b tty:18b envFrom:19[]EnvFromSource "
    "terminationMessagePolicy:20 volumeDevices:21[]VolumeDevice startupProbe:22*Probe "
    "resizePolicy:23[]ContainerResizePolicy restartPolicy:24*s "
    "restartPolicyRules:25[]ContainerRestartRule"
)
_CONTAINERS: Final = {
    "Container": _CONTAINER,
    "EphemeralContainerCommon": _CONTAINER,
    "EphemeralContainer": (
        "ephemeralContainerCommon:1~EphemeralContainerCommon targetContainerName:2"
    ),
    "ContainerPort": "name:1 hostPort:2i containerPort:3i! protocol:4 hostIP:5",
    "EnvVar": "name:1s! value:2 valueFrom:3*EnvVarSource",
    "EnvVarSource": (
        "fieldRef:1*ObjectFieldSelector resourceFieldRef:2*ResourceFieldSelector "
        "configMapKeyRef:3*ConfigMapKeySelector secretKeyRef:4*SecretKeySelector "
        "fileKeyRef:5*FileKeySelector"
    ),
    "ObjectFieldSelector": "apiVersion:1 fieldPath:2s!",
    "ResourceFieldSelector": "containerName:1 resource:2s! divisor:3Q!",
    "ConfigMapKeySelector": "localObjectReference:1~LocalObjectReference key:2s! optional:3*b",
    "SecretKeySelector": "localObjectReference:1~LocalObjectReference key:2s! optional:3*b",
    "FileKeySelector": "volumeName:1s! path:2s! key:3s! optional:4*b",
    "EnvFromSource": "prefix:1 configMapRef:2*ConfigMapEnvSource secretRef:3*SecretEnvSource",
    "ConfigMapEnvSource": "localObjectReference:1~LocalObjectReference optional:2*b",
    "SecretEnvSource": "localObjectReference:1~LocalObjectReference optional:2*b",
    "ResourceRequirements": "limits:1{}Q requests:2{}Q claims:3[]ResourceClaim",
    "ResourceClaim": "name:1s! request:2",
    "ContainerResizePolicy": "resourceName:1s! restartPolicy:2s!",
    "ContainerRestartRule": "action:1 exitCodes:2*ContainerRestartRuleOnExitCodes",
    "ContainerRestartRuleOnExitCodes": "operator:1 values:2[]i",
    "VolumeMount": (
        "name:1s! readOnly:2b mountPath:3s! subPath:4 mountPropagation:5*s subPathExpr:6 "
        "recursiveReadOnly:7*s"
    ),
    "VolumeDevice": "name:1s! devicePath:2s!",
    "Probe": (
        "handler:1~ProbeHandler initialDelaySeconds:2i timeoutSeconds:3i periodSeconds:4i "
        "successThreshold:5i failureThreshold:6i terminationGracePeriodSeconds:7*l"
    ),
    "ProbeHandler": "exec:1*ExecAction httpGet:2*HTTPGetAction tcpSocket:3*TCPSocketAction "
    "grpc:4*GRPCAction",
    "Lifecycle": "postStart:1*LifecycleHandler preStop:2*LifecycleHandler stopSignal:3*s",
    "LifecycleHandler": "exec:1*ExecAction httpGet:2*HTTPGetAction tcpSocket:3*TCPSocketAction "
    "sleep:4*SleepAction",
    "ExecAction": "command:1[]s",
    "HTTPGetAction": "path:1 port:2I! host:3 scheme:4 httpHeaders:5[]HTTPHeader",
    "HTTPHeader": "name:1s! value:2s!",
    "TCPSocketAction": "port:1I! host:2",
    "GRPCAction": "port:1i! service:2*s!",
    "SleepAction": "seconds:1l!",
    "SecurityContext": (
        "capabilities:1*Capabilities privileged:2*b seLinuxOptions:3*SELinuxOptions "
        "runAsUser:4*l runAsNonRoot:5*b readOnlyRootFilesystem:6*b allowPrivilegeEscalation:7*b "
        "runAsGroup:8*l procMount:9*s windowsOptions:10*WindowsSecurityContextOptions "
        "seccompProfile:11*SeccompProfile appArmorProfile:12*AppArmorProfile"
    ),
    "Capabilities": "add:1[]s drop:2[]s",
    "SELinuxOptions": "user:1 role:2 type:3 level:4",
    "WindowsSecurityContextOptions": (
        "gmsaCredentialSpecName:1*s gmsaCredentialSpec:2*s runAsUserName:3*s hostProcess:4*b"
    ),
    "SeccompProfile": "type:1s! localhostProfile:2*s",
    "AppArmorProfile": "type:1s! localhostProfile:2*s",
}
_POD: Final = {
    "Pod": "metadata:1ObjectMeta spec:2PodSpec status:3PodStatus",
    "PodList": "metadata:1ListMeta items:2[]Pod!",
    "PodSpec": (
        "volumes:1[]Volume containers:2[]Container! restartPolicy:3 "
        "terminationGracePeriodSeconds:4*l activeDeadlineSeconds:5*l dnsPolicy:6 "
        "nodeSelector:7{}s serviceAccountName:8 serviceAccount:9 nodeName:10 hostNetwork:11b "
        "hostPID:12b hostIPC:13b securityContext:14*PodSecurityContext "
        "imagePullSecrets:15[]LocalObjectReference hostname:16 subdomain:17 affinity:18*Affinity "
        "schedulerName:19 initContainers:20[]Container automountServiceAccountToken:21*b "
        "tolerations:22[]Toleration hostAliases:23[]HostAlias priorityClassName:24 "
        "priority:25*i dnsConfig:26*PodDNSConfig shareProcessNamespace:27*b "
        "readinessGates:28[]PodReadinessGate runtimeClassName:29*s enableServiceLinks:30*b "
        "preemptionPolicy:31*s overhead:32{}Q "
        "topologySpreadConstraints:33[]TopologySpreadConstraint "
        "ephemeralContainers:34[]EphemeralContainer setHostnameAsFQDN:35*b os:36*PodOS "
        "hostUsers:37*b schedulingGates:38[]PodSchedulingGate "
        "resourceClaims:39[]PodResourceClaim resources:40*ResourceRequirements "
        "hostnameOverride:41*s"
    ),
    "PodSecurityContext": (
        "seLinuxOptions:1*SELinuxOptions runAsUser:2*l runAsNonRoot:3*b supplementalGroups:4[]l "
        "fsGroup:5*l runAsGroup:6*l sysctls:7[]Sysctl "
        "windowsOptions:8*WindowsSecurityContextOptions fsGroupChangePolicy:9*s "
        "seccompProfile:10*SeccompProfile appArmorProfile:11*AppArmorProfile "
        "supplementalGroupsPolicy:12*s seLinuxChangePolicy:13*s"
    ),
    "Sysctl": "name:1s! value:2s!",
    "LocalObjectReference": "name:1",
    "Toleration": "key:1 operator:2 value:3 effect:4 tolerationSeconds:5*l",
    "HostAlias": "ip:1s! hostnames:2[]s",
    "PodDNSConfig": "nameservers:1[]s searches:2[]s options:3[]PodDNSConfigOption",
    "PodDNSConfigOption": "name:1 value:2*s",
    "PodReadinessGate": "conditionType:1s!",
    "PodOS": "name:1s!",
    "PodSchedulingGate": "name:1s!",
    "PodResourceClaim": "name:1s! resourceClaimName:3*s resourceClaimTemplateName:4*s",
    "TopologySpreadConstraint": (
        "maxSkew:1i! topologyKey:2s! whenUnsatisfiable:3s! labelSelector:4*LabelSelector "
        "minDomains:5*i nodeAffinityPolicy:6*s nodeTaintsPolicy:7*s matchLabelKeys:8[]s"
    ),
    "Affinity": "nodeAffinity:1*NodeAffinity podAffinity:2*PodAffinity "
    "podAntiAffinity:3*PodAntiAffinity",
    "NodeAffinity": (
        "requiredDuringSchedulingIgnoredDuringExecution:1*NodeSelector "
        "preferredDuringSchedulingIgnoredDuringExecution:2[]PreferredSchedulingTerm"
    ),
    "NodeSelector": "nodeSelectorTerms:1[]NodeSelectorTerm!",
    "NodeSelectorTerm": (
        "matchExpressions:1[]NodeSelectorRequirement matchFields:2[]NodeSelectorRequirement"
    ),
    "NodeSelectorRequirement": "key:1s! operator:2s! values:3[]s",
    "PreferredSchedulingTerm": "weight:1i! preference:2NodeSelectorTerm",
    "PodAffinity": (
        "requiredDuringSchedulingIgnoredDuringExecution:1[]PodAffinityTerm "
        "preferredDuringSchedulingIgnoredDuringExecution:2[]WeightedPodAffinityTerm"
    ),
    "PodAntiAffinity": (
        "requiredDuringSchedulingIgnoredDuringExecution:1[]PodAffinityTerm "
        "preferredDuringSchedulingIgnoredDuringExecution:2[]WeightedPodAffinityTerm"
    ),
    "PodAffinityTerm": (
        "labelSelector:1*LabelSelector namespaces:2[]s topologyKey:3s! "
        "namespaceSelector:4*LabelSelector matchLabelKeys:5[]s mismatchLabelKeys:6[]s"
    ),
    "WeightedPodAffinityTerm": "weight:1i! podAffinityTerm:2PodAffinityTerm",
}
_STATUS: Final = {
    "PodStatus": (
        "phase:1 conditions:2[]PodCondition message:3 reason:4 hostIP:5 podIP:6 startTime:7*T "
        "containerStatuses:8[]ContainerStatus qosClass:9 "
        "initContainerStatuses:10[]ContainerStatus nominatedNodeName:11 podIPs:12[]PodIP "
        "ephemeralContainerStatuses:13[]ContainerStatus resize:14 "
        "resourceClaimStatuses:15[]PodResourceClaimStatus hostIPs:16[]HostIP "
        "observedGeneration:17l extendedResourceClaimStatus:18*PodExtendedResourceClaimStatus"
    ),
    "PodCondition": (
        "type:1s! status:2s! lastProbeTime:3T! lastTransitionTime:4T! reason:5 message:6 "
        "observedGeneration:7l"
    ),
    "PodIP": "ip:1s!",
    "HostIP": "ip:1s!",
    "PodResourceClaimStatus": "name:1s! resourceClaimName:2*s",
    "PodExtendedResourceClaimStatus": (
        "requestMappings:1[]ContainerExtendedResourceRequest! resourceClaimName:2s!"
    ),
    "ContainerExtendedResourceRequest": "containerName:1s! resourceName:2s! requestName:3s!",
    "ContainerStatus": (
        "name:1s! state:2ContainerState lastState:3ContainerState ready:4b! restartCount:5i! "
        "image:6s! imageID:7s! containerID:8 started:9*b allocatedResources:10{}Q "
        "resources:11*ResourceRequirements volumeMounts:12[]VolumeMountStatus "
        "user:13*ContainerUser allocatedResourcesStatus:14[]ResourceStatus stopSignal:15*s"
    ),
    "ContainerState": (
        "waiting:1*ContainerStateWaiting running:2*ContainerStateRunning "
        "terminated:3*ContainerStateTerminated"
    ),
    "ContainerStateWaiting": "reason:1 message:2",
    "ContainerStateRunning": "startedAt:1T!",
    "ContainerStateTerminated": (
        "exitCode:1i! signal:2i reason:3 message:4 startedAt:5T! finishedAt:6T! containerID:7"
    ),
    "VolumeMountStatus": "name:1s! mountPath:2s! readOnly:3b recursiveReadOnly:4*s",
    "ContainerUser": "linux:1*LinuxContainerUser",
    "LinuxContainerUser": "uid:1l! gid:2l! supplementalGroups:3[]l",
    "ResourceStatus": "name:1s! resources:2[]ResourceHealth",
    "ResourceHealth": "resourceID:1s! health:2",
}
_CORE: Final = {
    "ConfigMap": "metadata:1ObjectMeta data:2{}s binaryData:3{}B immutable:4*b",
    "ConfigMapList": "metadata:1ListMeta items:2[]ConfigMap!",
    "SecretList": "metadata:1ListMeta items:2[]Secret!",
    "NamespaceList": "metadata:1ListMeta items:2[]Namespace!",
    "ServiceAccountList": "metadata:1ListMeta items:2[]ServiceAccount!",
    "EventList": "metadata:1ListMeta items:2[]Event!",
    "NodeList": "metadata:1ListMeta items:2[]Node!",
    "ServiceList": "metadata:1ListMeta items:2[]Service!",
    "Binding": "metadata:1ObjectMeta target:2ObjectReference",
    "Secret": "metadata:1ObjectMeta data:2{}B type:3 stringData:4{}s immutable:5*b",
    "Namespace": "metadata:1ObjectMeta spec:2NamespaceSpec status:3NamespaceStatus",
    "NamespaceSpec": "finalizers:1[]s",
    "NamespaceStatus": "phase:1 conditions:2[]NamespaceCondition",
    "NamespaceCondition": "type:1s! status:2s! lastTransitionTime:4T! reason:5 message:6",
    "ServiceAccount": (
        "metadata:1ObjectMeta secrets:2[]ObjectReference "
        "imagePullSecrets:3[]LocalObjectReference automountServiceAccountToken:4*b"
    ),
    "ObjectReference": (
        "kind:1 namespace:2 name:3 uid:4 apiVersion:5 resourceVersion:6 fieldPath:7"
    ),
    "Event": (
        "metadata:1ObjectMeta involvedObject:2ObjectReference reason:3 message:4 "
        "source:5EventSource firstTimestamp:6T! lastTimestamp:7T! count:8i type:9 "
        "eventTime:10M! series:11*EventSeries action:12 related:13*ObjectReference "
        "reportingComponent:14s! reportingInstance:15s!"
    ),
    "EventSource": "component:1 host:2",
    "EventSeries": "count:1i lastObservedTime:2M!",
    "Node": "metadata:1ObjectMeta spec:2NodeSpec status:3NodeStatus",
    "NodeSpec": (
        "podCIDR:1 externalID:2 providerID:3 unschedulable:4b taints:5[]Taint "
        "configSource:6*ClusterOnly podCIDRs:7[]s"
    ),
    "Taint": "key:1s! value:2 effect:3s! timeAdded:4*T",
    "NodeStatus": (
        "capacity:1{}Q allocatable:2{}Q phase:3 conditions:4[]NodeCondition "
        "addresses:5[]NodeAddress daemonEndpoints:6NodeDaemonEndpoints nodeInfo:7NodeSystemInfo "
        "images:8[]ContainerImage volumesInUse:9[]s volumesAttached:10[]AttachedVolume "
        "config:11*ClusterOnly runtimeHandlers:12[]NodeRuntimeHandler features:13*NodeFeatures"
    ),
    "NodeCondition": (
        "type:1s! status:2s! lastHeartbeatTime:3T! lastTransitionTime:4T! reason:5 message:6"
    ),
    "NodeAddress": "type:1s! address:2s!",
    "NodeDaemonEndpoints": "kubeletEndpoint:1DaemonEndpoint",
    "DaemonEndpoint": "Port:1i!",
    "NodeSystemInfo": (
        "machineID:1s! systemUUID:2s! bootID:3s! kernelVersion:4s! osImage:5s! "
        "containerRuntimeVersion:6s! kubeletVersion:7s! kubeProxyVersion:8s! operatingSystem:9s! "
        "architecture:10s! swap:11*NodeSwapStatus"
    ),
    "NodeSwapStatus": "capacity:1*l",
    "ContainerImage": "names:1[]s! sizeBytes:2l",
    "AttachedVolume": "name:1s! devicePath:2s!",
    "NodeRuntimeHandler": "name:1s! features:2*NodeRuntimeHandlerFeatures",
    "NodeRuntimeHandlerFeatures": "recursiveReadOnlyMounts:1*b userNamespaces:2*b",
    "NodeFeatures": "supplementalGroupsPolicy:1*b",
    "Service": "metadata:1ObjectMeta spec:2ServiceSpec status:3ServiceStatus",
    "ServiceSpec": (
        "ports:1[]ServicePort selector:2{}s clusterIP:3 type:4 externalIPs:5[]s "
        "sessionAffinity:7 loadBalancerIP:8 loadBalancerSourceRanges:9[]s externalName:10 "
        "externalTrafficPolicy:11 healthCheckNodePort:12i publishNotReadyAddresses:13b "
        "sessionAffinityConfig:14*SessionAffinityConfig ipFamilyPolicy:17*s clusterIPs:18[]s "
        "ipFamilies:19[]s allocateLoadBalancerNodePorts:20*b loadBalancerClass:21*s "
        "internalTrafficPolicy:22*s trafficDistribution:23*s"
    ),
    "ServicePort": "name:1 protocol:2 port:3i! targetPort:4I! nodePort:5i appProtocol:6*s",
    "SessionAffinityConfig": "clientIP:1*ClientIPConfig",
    "ClientIPConfig": "timeoutSeconds:1*i",
    "ServiceStatus": "loadBalancer:1LoadBalancerStatus conditions:2[]Condition",
    "LoadBalancerStatus": "ingress:1[]LoadBalancerIngress",
    "LoadBalancerIngress": "ip:1 hostname:2 ipMode:3*s ports:4[]PortStatus",
    "PortStatus": "port:1i! protocol:2s! error:3*s",
}
_OTHER_GROUPS: Final = {
    "Lease": "metadata:1ObjectMeta spec:2LeaseSpec",
    "LeaseList": "metadata:1ListMeta items:2[]Lease!",
    "LeaseSpec": (
        "holderIdentity:1*s leaseDurationSeconds:2*i acquireTime:3*M renewTime:4*M "
        "leaseTransitions:5*i strategy:6*s preferredHolder:7*s"
    ),
    "Eviction": "metadata:1ObjectMeta deleteOptions:2*DeleteOptions",
    "SelfSubjectAccessReview": (
        "metadata:1ObjectMeta spec:2SelfSubjectAccessReviewSpec status:3SubjectAccessReviewStatus"
    ),
    "SelfSubjectAccessReviewSpec": (
        "resourceAttributes:1*ResourceAttributes nonResourceAttributes:2*NonResourceAttributes"
    ),
    "ResourceAttributes": (
        "namespace:1 verb:2 group:3 version:4 resource:5 subresource:6 name:7 "
        "fieldSelector:8*SelectorAttributes labelSelector:9*SelectorAttributes"
    ),
    "SelectorAttributes": "rawSelector:1 requirements:2[]LabelSelectorRequirement",
    "NonResourceAttributes": "path:1 verb:2",
    "SubjectAccessReviewStatus": "allowed:1b! reason:2 evaluationError:3 denied:4b",
    "SubjectAccessReview": (
        "metadata:1ObjectMeta spec:2SubjectAccessReviewSpec status:3SubjectAccessReviewStatus"
    ),
    "LocalSubjectAccessReview": (
        "metadata:1ObjectMeta spec:2SubjectAccessReviewSpec status:3SubjectAccessReviewStatus"
    ),
    "SubjectAccessReviewSpec": (
        "resourceAttributes:1*ResourceAttributes nonResourceAttributes:2*NonResourceAttributes "
        "user:3 groups:4[]s extra:5{}X uid:6"
    ),
    "SelfSubjectRulesReview": (
        "metadata:1ObjectMeta spec:2SelfSubjectRulesReviewSpec status:3SubjectRulesReviewStatus"
    ),
    "SelfSubjectRulesReviewSpec": "namespace:1",
    "SubjectRulesReviewStatus": (
        "resourceRules:1[]ResourceRule! nonResourceRules:2[]NonResourceRule! incomplete:3b! "
        "evaluationError:4"
    ),
    "ResourceRule": "verbs:1[]s! apiGroups:2[]s resources:3[]s resourceNames:4[]s",
    "NonResourceRule": "verbs:1[]s! nonResourceURLs:2[]s",
    "SelfSubjectReview": "metadata:1ObjectMeta status:2SelfSubjectReviewStatus",
    "SelfSubjectReviewStatus": "userInfo:1UserInfo",
    "UserInfo": "username:1 uid:2 groups:3[]s extra:4{}X",
    "TokenReview": "metadata:1ObjectMeta spec:2TokenReviewSpec status:3TokenReviewStatus",
    "TokenReviewSpec": "token:1 audiences:2[]s",
    "TokenReviewStatus": "authenticated:1b user:2UserInfo error:3 audiences:4[]s",
    "TokenRequest": "metadata:1ObjectMeta spec:2TokenRequestSpec status:3TokenRequestStatus",
    "TokenRequestSpec": (
        "audiences:1[]s! boundObjectRef:3*BoundObjectReference! expirationSeconds:4*l!"
    ),
    "BoundObjectReference": "kind:1 apiVersion:2 name:3 uid:4",
    "TokenRequestStatus": "token:1s! expirationTimestamp:2T!",
}

MESSAGES: Final[dict[str, str]] = (
    _META | _CONTAINERS | _POD | VOLUMES | _STATUS | _CORE | _OTHER_GROUPS
)

_CORE_KINDS: Final = (
    "Pod", "PodList", "ConfigMap", "ConfigMapList", "Secret", "SecretList", "Namespace",
    "NamespaceList", "ServiceAccount", "ServiceAccountList", "Event", "EventList", "Node",
    "NodeList", "Service", "ServiceList", "Binding", "Status",
)  # fmt: skip
#: The kinds that may stand in a body, by API version.
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "v1": _CORE_KINDS,
    "coordination.k8s.io/v1": ("Lease", "LeaseList"),
    "policy/v1": ("Eviction",),
    "authorization.k8s.io/v1": (
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
        "SubjectAccessReview",
        "LocalSubjectAccessReview",
    ),
    "authentication.k8s.io/v1": ("SelfSubjectReview", "TokenRequest", "TokenReview"),
}
#: Kinds that belong to every API version.
EVERYWHERE: Final = (
    "DeleteOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "GetOptions", "ListOptions",
)  # fmt: skip
