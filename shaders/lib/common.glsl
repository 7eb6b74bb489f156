// Shared by every kernel: extensions, what the host knows, too, and the workgroup size, always specialization constant 0.
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_EXT_control_flow_attributes : require

#include "lib/host_constants.glsl"

layout(local_size_x_id = 0) in;
