// A matte surface under a light from above: one product a pixel, so that a processor can draw it too.

#import bevy_pbr::forward_io::VertexOutput

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> colour: vec4<f32>;

const TO_LIGHT: vec3<f32> = vec3<f32>(0.34, -0.42, 0.84);
const AMBIENT: f32 = 0.42;

@fragment
fn fragment(surface: VertexOutput) -> @location(0) vec4<f32> {
    let towards = max(dot(normalize(surface.world_normal), TO_LIGHT), 0.0);
    let light = AMBIENT + (1.0 - AMBIENT) * towards;
    return vec4<f32>(colour.rgb * light, colour.a);
}
