//! Curves over time and a cost over two axes.

use crate::stream::{Landscape, Plot};
use bevy_egui::egui;
use egui::{Color32, RichText};
use egui_plot::{HLine, Line, PlotPoints, VLine};

/// Height of a plot, points.
const HEIGHT: f32 = 78.0;

const COLOURS: [Color32; 6] = [
    Color32::from_rgb(31, 119, 180),
    Color32::from_rgb(214, 90, 20),
    Color32::from_rgb(44, 140, 60),
    Color32::from_rgb(150, 90, 180),
    Color32::from_rgb(120, 85, 70),
    Color32::from_rgb(20, 150, 160),
];

/// Curves, bold up to now and thin from there on.
pub fn curves(ui: &mut egui::Ui, plot: &Plot) {
    ui.label(RichText::new(&plot.title).size(11.0));
    if plot.lines.len() > 1 {
        ui.horizontal_wrapped(|ui| {
            for (line, &shade) in plot.lines.iter().zip(COLOURS.iter().cycle()) {
                ui.label(RichText::new(&line.name).size(10.0).color(shade));
            }
        });
    }
    egui_plot::Plot::new(plot.title.as_str())
        .height(HEIGHT)
        .show_x(false)
        .show_y(false)
        .show_axes([false, true])
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .show(ui, |ui| {
            for (line, &shade) in plot.lines.iter().zip(COLOURS.iter().cycle()) {
                let past = Line::new(line.name.clone(), PlotPoints::from(line.past.clone()));
                ui.line(past.color(shade).width(1.8));
                if !line.future.is_empty() {
                    let future =
                        Line::new(line.name.clone(), PlotPoints::from(line.future.clone()));
                    ui.line(future.color(shade.gamma_multiply(0.5)).width(1.0));
                }
            }
            ui.vline(VLine::new("now", plot.now).color(Color32::from_gray(150)));
            if let Some(limit) = plot.limit {
                ui.hline(HLine::new("limit", limit).color(Color32::from_rgb(200, 60, 40)));
            }
        });
}

/// A cost as a map: dark is cheap.
pub fn landscape(ui: &mut egui::Ui, landscape: &Landscape) {
    let [across, up] = &landscape.axes;
    ui.label(
        RichText::new(format!(
            "cost over the first block: {across} across, {up} up"
        ))
        .size(11.0),
    );
    let side = ui.available_width().min(150.0);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(side, side), egui::Sense::hover());
    let finite = || landscape.costs.iter().copied().filter(|c| c.is_finite());
    let low = finite().fold(f32::INFINITY, f32::min);
    let high = finite().fold(f32::NEG_INFINITY, f32::max);
    let size = landscape.size.max(2);
    let cell = |i: f32, j: f32| {
        let last = (size - 1) as f32;
        egui::pos2(
            rect.left() + rect.width() * i / last,
            rect.bottom() - rect.height() * j / last,
        )
    };
    let mut mesh = egui::Mesh::default();
    for (index, &cost) in landscape.costs.iter().enumerate() {
        let (i, j) = (index % size, index / size);
        let share = ((cost - low) / (high - low).max(1.0e-9)).clamp(0.0, 1.0);
        mesh.colored_vertex(cell(i as f32, j as f32), shade(share));
        if i > 0 && j > 0 {
            let corner = index as u32;
            let row = size as u32;
            mesh.add_triangle(corner, corner - 1, corner - row);
            mesh.add_triangle(corner - 1, corner - row, corner - row - 1);
        }
    }
    let painter = ui.painter();
    painter.add(egui::Shape::mesh(mesh));
    let at = |[x, y]: [f32; 2]| {
        let last = (size - 1) as f32;
        cell((x + 1.0) / 2.0 * last, (y + 1.0) / 2.0 * last)
    };
    for &candidate in &landscape.candidates {
        painter.circle_filled(at(candidate), 1.5, Color32::from_white_alpha(200));
    }
    painter.circle_stroke(
        at(landscape.best),
        4.0,
        egui::Stroke::new(2.0, Color32::from_rgb(230, 60, 20)),
    );
}

/// From dark blue over green to pale yellow.
fn shade(share: f32) -> Color32 {
    const STOPS: [[f32; 3]; 4] = [
        [30.0, 30.0, 90.0],
        [30.0, 110.0, 140.0],
        [120.0, 180.0, 110.0],
        [250.0, 240.0, 190.0],
    ];
    let position = share * (STOPS.len() - 1) as f32;
    let first = (position as usize).min(STOPS.len() - 2);
    let between = position - first as f32;
    let [r, g, b] = std::array::from_fn(|c| {
        (STOPS[first][c] + (STOPS[first + 1][c] - STOPS[first][c]) * between) as u8
    });
    Color32::from_rgb(r, g, b)
}
