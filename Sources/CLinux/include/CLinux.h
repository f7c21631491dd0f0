#pragma once
// What Linux offers and Glibc's module does not show: one header per topic, gathered here.
